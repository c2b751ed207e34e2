//! The container while it is being filled: what bootloaders declare.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::ReentrantMutex;
use shaku::{Component, Interface};

use super::binding::{Binding, Decorator, Erased, Kind};
use super::error::{Reason, ResolveError};
use super::module::Container;
use super::name::short_name;
use super::resolver::Resolver;
use super::type_map::Map;
use crate::error::BoxError;

/// The declarations of all bootloaders, before the container is sealed. Each verb names the bootloader that speaks.
#[derive(Default)]
pub struct Bindings {
    one: Map<Binding>,
    order: Vec<TypeId>,
    many: Map<Vec<Binding>>,
    many_order: Vec<TypeId>,
    decorators: Map<Vec<(String, Decorator)>>,
    rivals: Map<Vec<(String, &'static str)>>,
    faults: Vec<ResolveError>,
}

/// A sealed set of bindings.
pub(super) struct Registry {
    pub(super) one: Map<Binding>,
    /// The keys of `one`, as they were declared.
    pub(super) order: Vec<TypeId>,
    pub(super) many: Map<List>,
    pub(super) many_order: Vec<TypeId>,
    pub(super) rivals: Map<Vec<(String, &'static str)>>,
    /// What was wrong with the declarations themselves.
    pub(super) faults: Vec<ResolveError>,
    /// Held while something is built, so that a singleton is built once.
    pub(super) building: ReentrantMutex<()>,
}

/// The members of a `Vec<Arc<dyn I>>`, and that vector once it was asked for.
pub(super) struct List {
    pub(super) members: Vec<Binding>,
    pub(super) built: OnceLock<Erased>,
}

impl Bindings {
    /// Binds a component to its interface.
    pub fn bind<C: Component<Container>>(&mut self, bootloader: &'static str) {
        self.add::<C::Interface>(component::<C>(bootloader, C::Parameters::default));
    }

    /// Binds a component to its interface, with parameters made anew by `parameters` should it be built again.
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        bootloader: &'static str,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) {
        self.add::<C::Interface>(component::<C>(bootloader, parameters));
    }

    /// Binds a value that is there already.
    pub fn instance<I: Interface + ?Sized>(&mut self, bootloader: &'static str, value: Arc<I>) {
        self.add::<I>(instance(bootloader, value));
    }

    /// Binds a closure that makes the value, on first use.
    pub fn factory<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        self.add::<I>(factory(bootloader, make));
    }

    /// Adds a component to the ordered list of its interface: `Vec<Arc<dyn I>>`.
    pub fn extend<C: Component<Container>>(&mut self, bootloader: &'static str) {
        let key = TypeId::of::<C::Interface>();
        if !self.many.contains_key(&key) {
            self.many_order.push(key);
        }
        let binding = component::<C>(bootloader, C::Parameters::default);
        self.many.entry(key).or_default().push(binding);
    }

    /// Wraps what is bound to `I`, whoever bound it. Decorators wrap in the order of their declaration.
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        let decorator = Decorator {
            bootloader,
            wrap: Box::new(move |erased, context| {
                let inner = erased
                    .downcast::<Arc<I>>()
                    .expect("a binding is stored under the type of its interface");
                Ok(Box::new(wrap(*inner, &mut Resolver::new(context))?))
            }),
        };
        self.decorators
            .entry(TypeId::of::<I>())
            .or_default()
            .push((short_name::<I>(), decorator));
    }

    /// Binds a component in the place of what another bootloader bound before.
    pub fn rebind<C: Component<Container>>(&mut self, bootloader: &'static str) {
        self.replace::<C::Interface>(component::<C>(bootloader, C::Parameters::default));
    }

    /// Puts a value in the place of what another bootloader bound before.
    pub fn rebind_instance<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        value: Arc<I>,
    ) {
        self.replace::<I>(instance(bootloader, value));
    }

    /// Puts a closure in the place of what another bootloader bound before.
    pub fn rebind_factory<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        self.replace::<I>(factory(bootloader, make));
    }

    fn replace<I: Interface + ?Sized>(&mut self, binding: Binding) {
        let key = TypeId::of::<I>();
        if self.one.contains_key(&key) {
            self.rivals.remove(&key);
        } else {
            let reason = Reason::NothingToReplace {
                interface: binding.interface.clone(),
                verb: "rebind",
                bootloader: binding.bootloader,
            };
            self.fault(reason);
            self.order.push(key);
        }
        self.one.insert(key, binding);
    }

    fn add<I: Interface + ?Sized>(&mut self, binding: Binding) {
        let key = TypeId::of::<I>();
        let named = (binding.implementation.clone(), binding.bootloader);
        match self.one.get(&key) {
            None => {
                self.order.push(key);
                self.one.insert(key, binding);
            }
            Some(first) => {
                let first = (first.implementation.clone(), first.bootloader);
                let rivals = self.rivals.entry(key).or_insert_with(|| vec![first]);
                rivals.push(named);
            }
        }
    }

    fn fault(&mut self, reason: Reason) {
        self.faults.push(ResolveError {
            reason,
            trace: Vec::new(),
        });
    }

    /// Ends the declarations.
    #[must_use]
    pub fn seal(mut self) -> Container {
        for (key, decorators) in std::mem::take(&mut self.decorators) {
            for (interface, decorator) in decorators {
                match self.one.get_mut(&key) {
                    Some(binding) => binding.decorators.push(decorator),
                    None => self.fault(Reason::NothingToReplace {
                        interface,
                        verb: "decorate",
                        bootloader: decorator.bootloader,
                    }),
                }
            }
        }
        let many = self.many.into_iter().map(|(key, members)| {
            let built = OnceLock::new();
            (key, List { members, built })
        });
        Container::new(Registry {
            one: self.one,
            order: self.order,
            many: many.collect(),
            many_order: self.many_order,
            rivals: self.rivals,
            faults: self.faults,
            building: ReentrantMutex::new(()),
        })
    }
}

fn component<C: Component<Container>>(
    bootloader: &'static str,
    parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
) -> Binding {
    Binding::new(
        Kind::Component,
        short_name::<C::Interface>(),
        short_name::<C>(),
        bootloader,
        // `C::build`, not `context.build_component`: the singleton lives in the binding, not in the context.
        Box::new(move |context| {
            Ok(Box::new(Arc::<C::Interface>::from(C::build(
                context,
                parameters(),
            ))))
        }),
    )
}

fn instance<I: Interface + ?Sized>(bootloader: &'static str, value: Arc<I>) -> Binding {
    let name = short_name::<I>();
    let build = move |_: &mut _| Ok(Box::new(Arc::clone(&value)) as Erased);
    Binding::new(
        Kind::Instance,
        name.clone(),
        name,
        bootloader,
        Box::new(build),
    )
}

fn factory<I: Interface + ?Sized>(
    bootloader: &'static str,
    make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
) -> Binding {
    let name = short_name::<I>();
    Binding::new(
        Kind::Factory,
        name.clone(),
        name,
        bootloader,
        Box::new(move |context| Ok(Box::new(make(&mut Resolver::new(context))?) as Erased)),
    )
}

impl fmt::Debug for Bindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bindings")
            .field("bound", &self.one.len())
            .field("lists", &self.many.len())
            .finish_non_exhaustive()
    }
}
