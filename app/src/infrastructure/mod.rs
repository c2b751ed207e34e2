//! The domain's ports made real: one file for one outside system.

mod random_rate_source;
mod rates_config;

pub use random_rate_source::RandomRateSource;
pub use rates_config::RatesConfig;
