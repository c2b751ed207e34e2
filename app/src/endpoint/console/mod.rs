//! The commands: one file for one.

mod get_currency_rate;

pub use get_currency_rate::GetCurrencyRate;
