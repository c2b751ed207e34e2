//! What has to be built, besides what is bound, for an application to be whole.

use std::fmt;

use super::{Container, ResolveError};

type Check = Box<dyn Fn(&Container) -> Vec<ResolveError> + Send + Sync>;

/// The checks of features that build components which are bound to nothing: services, pages, workers. Each returns which of its
/// components cannot be built.
#[derive(Default)]
pub(crate) struct Checks(Vec<Check>);

impl Checks {
    pub(crate) fn add(
        &mut self,
        check: impl Fn(&Container) -> Vec<ResolveError> + Send + Sync + 'static,
    ) {
        self.0.push(Box::new(check));
    }

    /// Everything that cannot be built.
    pub(crate) fn run(&self, container: &Container) -> Vec<ResolveError> {
        self.0.iter().flat_map(|check| check(container)).collect()
    }
}

impl fmt::Debug for Checks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Checks")
            .field(&self.0.len())
            .finish()
    }
}
