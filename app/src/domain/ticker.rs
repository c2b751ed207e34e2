//! A currency pair.

use std::fmt;
use std::str::FromStr;

/// How many letters a currency code has (ISO 4217).
const CODE: usize = 3;

/// A pair of currency codes, the base before the quote: `TRYUSD`.
///
/// ```
/// use currency_rate::domain::Ticker;
///
/// let ticker: Ticker = "tryUSD".parse()?;
/// assert_eq!(ticker.to_string(), "TRYUSD");
/// assert_eq!((ticker.base(), ticker.quote()), ("TRY", "USD"));
/// # Ok::<(), currency_rate::domain::InvalidTicker>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ticker(String);

/// A text that is no ticker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected six letters, such as \"TRYUSD\"")]
pub struct InvalidTicker {
    /// The text, cut after a few characters.
    pub found: String,
}

impl Ticker {
    /// The currency that is priced: the first three letters.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.0[..CODE]
    }

    /// The currency of the price: the last three letters.
    #[must_use]
    pub fn quote(&self) -> &str {
        &self.0[CODE..]
    }

    /// Both codes, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ticker {
    type Err = InvalidTicker;

    /// Six letters of any case.
    fn from_str(text: &str) -> Result<Self, InvalidTicker> {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if letters && text.len() == 2 * CODE {
            return Ok(Ticker(text.to_ascii_uppercase()));
        }
        // Whoever sends a megabyte does not get it back.
        const SHOWN: usize = 20;
        let mut found: String = text.chars().take(SHOWN).collect();
        if found.len() < text.len() {
            found.push('…');
        }
        Err(InvalidTicker { found })
    }
}

impl fmt::Display for Ticker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Ticker;

    #[test]
    fn six_letters_of_any_case_are_a_ticker() {
        for text in ["TRYUSD", "tryusd", "TryUsd"] {
            assert_eq!(
                text.parse::<Ticker>().as_ref().map(Ticker::as_str),
                Ok("TRYUSD")
            );
        }
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "",
            "TRY",
            "TRYUSDX",
            "TRY/USD",
            "TRY US",
            "TRYUS1",
            "трюсдд",
            "ТRYUSD",
        ] {
            assert!(text.parse::<Ticker>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_not_repeated_in_full() {
        let error = "x"
            .repeat(1_000_000)
            .parse::<Ticker>()
            .map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.len() < 100));
    }
}
