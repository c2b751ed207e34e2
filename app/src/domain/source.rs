//! The port through which rates come.

use std::error::Error;

use async_trait::async_trait;
use shaku::Interface;

use super::{Rate, Ticker};

/// Knows the current rate of a pair.
#[async_trait]
pub trait RateSource: Interface {
    /// The rate at this moment.
    ///
    /// # Errors
    /// There is no such pair, or the source cannot say at the moment.
    async fn rate(&self, ticker: &Ticker) -> Result<Rate, RateError>;
}

/// Why there is no rate.
#[derive(Debug, thiserror::Error)]
pub enum RateError {
    /// The source does not know the pair.
    #[error("there is no rate for {0}")]
    Unknown(Ticker),
    /// The source cannot be asked at the moment.
    #[error("the source of rates is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
