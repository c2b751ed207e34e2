//! What a pair trades at.

use std::fmt;

/// Units of the quote currency for one of the base, exact to two decimals.
///
/// ```
/// use currency_rate::domain::Rate;
///
/// assert_eq!(Rate::from_hundredths(7_500).to_string(), "75.00");
/// assert_eq!(Rate::from_hundredths(7_205).to_string(), "72.05");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    hundredths: u64,
}

impl Rate {
    /// A rate from its hundredths: `7_500` is 75.00.
    #[must_use]
    pub fn from_hundredths(hundredths: u64) -> Self {
        Rate { hundredths }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, hundredths) = (self.hundredths / 100, self.hundredths % 100);
        write!(formatter, "{whole}.{hundredths:02}")
    }
}
