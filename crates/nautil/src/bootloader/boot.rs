//! The `boot` phase: what a bootloader may use, and nothing to declare any more.

use std::sync::Arc;

use shaku::Interface;

use crate::container::{Container, ResolveError};
use crate::environment::Environment;
use crate::shutdown::Shutdown;

/// The finished application, before its command runs.
#[derive(Debug, Clone)]
pub struct Boot {
    pub(crate) container: Container,
    pub(crate) environment: Arc<Environment>,
    pub(crate) shutdown: Shutdown,
}

impl Boot {
    /// The singleton that is bound to `I`; a config section by its struct.
    ///
    /// # Errors
    /// It, or something that it needs, cannot be resolved.
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        self.container.get::<I>()
    }

    /// The variables of this run.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Resolves when the application is asked to stop; for tasks that `boot` starts.
    #[must_use]
    pub fn stopping(&self) -> Shutdown {
        self.shutdown.clone()
    }
}
