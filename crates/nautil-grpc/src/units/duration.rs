//! A [`Duration`] with its unit, for `#[serde(with = "nautil_grpc::units::duration")]`: `"30s"`, `"1m 30s"`, `"250ms"`.
//!
//! A bare number is refused: nobody should have to remember which unit a key meant. So is a duration above a hundred years,
//! because a point in time that far away, which is what becomes of a timeout, cannot be had on every system.
//!
//! ```
//! use std::time::Duration;
//!
//! use figment::Figment;
//! use figment::providers::{Format, Toml};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Cache {
//!     #[serde(with = "nautil_grpc::units::duration")]
//!     lifetime: Duration,
//! }
//!
//! let cache: Cache = Figment::from(Toml::string("lifetime = '1m 30s'")).extract()?;
//! assert_eq!(cache.lifetime, Duration::from_secs(90));
//! # Ok::<_, Box<figment::Error>>(())
//! ```

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

const EXPECTED: &str = "a duration with its unit, such as \"30s\" or \"250ms\"";
const EXPECTED_LESS: &str = "a duration of at most \"100y\"";

/// A hundred years of 365.25 days, as humantime counts them. Twice as much can still be added to an `Instant`.
const LONGEST: Duration = Duration::from_secs(100 * 31_557_600);

/// Why a text is no duration that can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It has no unit, or an unknown one, or it is no number.
    Unreadable,
    /// It is longer than a hundred years.
    TooLong,
}

impl ParseError {
    /// What would have been right in place of what was read: a duration that is not too long, or else what is `expected`.
    pub(super) fn expected(self, expected: &'static str) -> &'static str {
        match self {
            Self::Unreadable => expected,
            Self::TooLong => EXPECTED_LESS,
        }
    }
}

/// Writes the shortest form that [`deserialize`] reads back.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

/// Reads a duration with its unit.
///
/// # Errors
/// A value that is no string, has no unit or an unknown one, or is longer than a hundred years.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            parse(text)
                .map_err(|fault| E::invalid_value(Unexpected::Str(text), &fault.expected(EXPECTED)))
        }
    }
    deserializer.deserialize_str(Text)
}

/// Reads a duration with its unit, where it comes from something else than the config: a flag of the console.
///
/// # Errors
/// See [`ParseError`].
pub fn parse(text: &str) -> Result<Duration, ParseError> {
    // humantime takes "0" alone as a duration; here every value has its unit.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseError::Unreadable);
    }
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err(ParseError::TooLong),
        // It is also said of a fraction of a nanosecond, which nobody means.
        Err(humantime::DurationError::NumberOverflow) if !text.contains('.') => {
            Err(ParseError::TooLong)
        }
        Err(_) => Err(ParseError::Unreadable),
    }
}
