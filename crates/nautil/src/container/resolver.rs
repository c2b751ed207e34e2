//! What a factory or a decorator is handed.

use std::sync::Arc;

use shaku::{Component, Interface};

use super::error::ResolveError;
use super::module::Container;

/// What a factory or a decorator takes its own needs from.
///
/// A need that cannot be resolved ends the factory at once, by unwinding. Whoever asked the container gets an error that names
/// the need, and the factory as what needs it. So a factory has nothing to check.
///
/// ```
/// use std::sync::Arc;
/// use nautil::container::{Bindings, Resolver};
///
/// struct Port(u16);
/// struct Address(String);
///
/// let mut bindings = Bindings::default();
/// bindings.factory("Server", |resolver: &mut Resolver<'_>| {
///     let port = resolver.get::<Port>();
///     Ok(Arc::new(Address(format!("127.0.0.1:{}", port.0))))
/// });
/// let error = bindings.seal().get::<Address>().map(|_| ()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "nothing is bound to `Port`\n  needed by `Address`, from bootloader `Server`"
/// );
/// ```
#[derive(Debug)]
pub struct Resolver<'context> {
    container: &'context Container,
}

impl<'context> Resolver<'context> {
    pub(super) fn new(container: &'context Container) -> Self {
        Resolver { container }
    }

    /// Returns the singleton that is bound to `I`. If it cannot be resolved, the factory ends here.
    pub fn get<I: Interface + ?Sized>(&mut self) -> Arc<I> {
        self.container.get().unwrap_or_else(ResolveError::unwind)
    }

    /// Builds a component that need not be bound, for the bootloader of this name. If it cannot be built, the factory ends here.
    pub(crate) fn make<C: Component<Container>>(
        &mut self,
        bootloader: &'static str,
    ) -> Arc<C::Interface> {
        let made = self.container.make::<C>(bootloader);
        made.unwrap_or_else(ResolveError::unwind)
    }

    /// Returns every component that bootloaders added to the list of `I`, in the order of declaration. If one of them cannot be
    /// built, the factory ends here.
    pub fn all<I: Interface + ?Sized>(&mut self) -> Vec<Arc<I>> {
        self.container.all().unwrap_or_else(ResolveError::unwind)
    }
}
