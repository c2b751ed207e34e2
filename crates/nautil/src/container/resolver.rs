//! What a factory or a decorator is handed.

use std::fmt;
use std::sync::Arc;

use shaku::{HasComponent, HasComponents, Interface};

use super::binding::BuildContext;
use super::module::Container;

/// What a factory or a decorator resolves its own needs from.
pub struct Resolver<'context> {
    context: &'context mut BuildContext,
}

impl<'context> Resolver<'context> {
    pub(super) fn new(context: &'context mut BuildContext) -> Self {
        Resolver { context }
    }

    /// The singleton that is bound to `I`. What cannot be resolved ends the whole resolution, with its trace.
    pub fn get<I: Interface + ?Sized>(&mut self) -> Arc<I> {
        <Container as HasComponent<I>>::build_component(self.context)
    }

    /// Every component that bootloaders added to the list of `I`, in order.
    pub fn all<I: Interface + ?Sized>(&mut self) -> Vec<Arc<I>> {
        <Container as HasComponents<I>>::build_components(self.context)
    }
}

impl fmt::Debug for Resolver<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Resolver").finish_non_exhaustive()
    }
}
