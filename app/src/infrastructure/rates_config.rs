//! Section `rates`.

use nautil::config::{Invalid, Section};
use serde::{Deserialize, Serialize};

/// `config/rates.toml`: what the random source draws from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatesConfig {
    /// The lowest rate, in whole units of the quote currency.
    pub lowest: u32,
    /// The highest rate, in whole units of the quote currency.
    pub highest: u32,
}

impl Default for RatesConfig {
    fn default() -> Self {
        RatesConfig {
            lowest: 70,
            highest: 75,
        }
    }
}

impl Section for RatesConfig {
    const NAME: &'static str = "rates";

    fn check(&self) -> Vec<Invalid> {
        if self.lowest <= self.highest {
            return Vec::new();
        }
        vec![Invalid {
            key: "lowest",
            expected: format!("at most `highest`, which is {}", self.highest),
        }]
    }
}
