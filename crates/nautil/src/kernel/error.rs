//! Why an application is not put together, does not start, or does not stop as it should.

use std::time::Duration;

use super::running::WorkerError;
use crate::bootloader::{BoxError, DeclareError, OrderError};
use crate::config;
use crate::container::ResolveError;

/// Why an application cannot be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Declare(#[from] DeclareError),
}

/// Why an application does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    #[error("the config is broken")]
    Config(Vec<config::Error>),
    #[error("the container is broken")]
    Container(Vec<ResolveError>),
    #[error(transparent)]
    Bootloader(#[from] BootloaderError),
    #[error("stopped before the application had booted")]
    Stopped,
}

/// Something of the application that did not stop as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StopError {
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Bootloader(#[from] BootloaderError),
}

/// A bootloader that failed, in `boot` or in `shutdown`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootloaderError {
    #[error("bootloader `{name}` failed in {phase}")]
    Failed {
        name: &'static str,
        phase: &'static str,
        source: BoxError,
    },
    #[error("bootloader `{name}` took longer in {phase} than `{key}` = {limit:?} allows")]
    Late {
        name: &'static str,
        phase: &'static str,
        key: &'static str,
        limit: Duration,
    },
}
