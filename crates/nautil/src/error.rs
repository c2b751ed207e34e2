//! The error of whatever may fail for any reason.

use std::error::Error;

/// Any error, on its way to whoever prints it.
pub type BoxError = Box<dyn Error + Send + Sync>;
