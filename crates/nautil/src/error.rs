//! The error of whatever may fail for any reason.

use std::error::Error;

/// Any error: what a function returns that may fail for reasons of its own.
pub type BoxError = Box<dyn Error + Send + Sync>;
