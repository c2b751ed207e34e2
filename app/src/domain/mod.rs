//! Tickers, rates, and the port through which rates come. Knows nothing of gRPC, consoles or configuration.

mod rate;
mod source;
mod ticker;

pub use rate::Rate;
pub use source::{RateError, RateSource};
pub use ticker::{InvalidTicker, Ticker};
