//! One file for one feature.

mod rates;

pub use rates::RatesBootloader;
