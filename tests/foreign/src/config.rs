//! The section `almanac`.

use nautil::config::Section;
use serde::{Deserialize, Serialize};

/// `config/almanac.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlmanacConfig {
    /// How many days there must be. Default 1.
    pub least: usize,
}

impl Default for AlmanacConfig {
    fn default() -> Self {
        AlmanacConfig { least: 1 }
    }
}

impl Section for AlmanacConfig {
    const NAME: &'static str = "almanac";
}
