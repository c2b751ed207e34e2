//! The sealed container, as a shaku module that has every component.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;

use shaku::{
    Component, HasComponent, HasComponents, Interface, Module, ModuleBuildContext, ModuleBuilder,
};

use super::binding::{Binding, BindingInfo, Erased, Kind};
use super::builds::{BuildOutcome, Remembering, Target};
use super::error::{Frame, ResolveError};
use super::name::short_name;
use super::registry::Registry;
use super::report::distinct;
use crate::error::BoxError;

/// Everything that is bound. A clone is the same container.
///
/// It can be injected like anything else, as `Arc<Container>`. A component that keeps it keeps itself alive too, because the
/// container keeps the component: both live until the process ends. If a component needs the container only while it is built,
/// bind a [factory](crate::Init::factory), and ask its [`Resolver`](super::Resolver).
///
/// ```
/// use std::sync::Arc;
/// use nautil::container::{Bindings, Container};
///
/// struct Port(u16);
///
/// let mut bindings = Bindings::default();
/// bindings.instance("Server", Arc::new(Port(50051)));
/// let container: Container = bindings.seal();
/// assert!(container.check().is_empty());
/// assert_eq!(container.get::<Port>()?.0, 50051);
///
/// let error = container.get::<String>().unwrap_err();
/// assert_eq!(error.to_string(), "nothing is bound to `String`");
/// # Ok::<(), nautil::container::ResolveError>(())
/// ```
pub struct Container {
    registry: Arc<Registry<BuildContext>>,
    /// What is injected as `Arc<Container>`: a clone of this container. It is not in the registry, where it would keep the
    /// registry alive, and with it everything that is bound.
    itself: OnceLock<Arc<Container>>,
}

/// A build in progress, as shaku carries it.
pub(super) type BuildContext = ModuleBuildContext<Container>;

/// One build. shaku hands out a build context only inside of [`Module::build`], and that takes nothing from us but the module's
/// `Submodules`. So the binding that is to be built travels there as the `Submodules`, and its outcome comes back in them.
pub struct Resolution {
    container: Container,
    binding: Arc<Binding<BuildContext>>,
    outcome: OnceLock<BuildOutcome>,
}

/// Makes a component that need not be bound, for the bootloader of this name: [`Container::make`] of one type.
pub(crate) type MakeComponent<I> = fn(&Container, &'static str) -> Result<Arc<I>, ResolveError>;

impl Container {
    pub(super) fn new(registry: Registry<BuildContext>) -> Self {
        Container {
            registry: Arc::new(registry),
            itself: OnceLock::new(),
        }
    }

    /// Returns the singleton that is bound to `I`. The first caller builds it, and later ones take no lock.
    ///
    /// # Errors
    /// The singleton, or something that it needs, is missing, bound twice or circular, or could not be made. The error is not
    /// kept: the next caller has it built again.
    #[inline]
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        self.singleton().cloned()
    }

    /// Returns every component that bootloaders added to the list of `I`, in the order of declaration.
    ///
    /// ```
    /// use nautil::container::{Bindings, Component, Interface};
    ///
    /// trait Chime: Interface { fn sound(&self) -> &'static str; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Chime)]
    /// struct Bell;
    /// impl Chime for Bell { fn sound(&self) -> &'static str { "dong" } }
    ///
    /// let mut bindings = Bindings::default();
    /// bindings.extend::<Bell>("ChimeBootloader");
    /// let container = bindings.seal();
    /// assert_eq!(container.all::<dyn Chime>()?[0].sound(), "dong");
    /// # Ok::<(), nautil::container::ResolveError>(())
    /// ```
    ///
    /// # Errors
    /// One of the components cannot be built, for the reasons that [`get`](Self::get) has.
    pub fn all<I: Interface + ?Sized>(&self) -> Result<Vec<Arc<I>>, ResolveError> {
        self.members().map(<[_]>::to_vec)
    }

    /// Builds a component that need not be bound, such as a console command. Each call builds a new one. Errors name
    /// `bootloader` as the one that needs it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use nautil::container::{Bindings, Component, Interface};
    ///
    /// struct Port(u16);
    ///
    /// trait Page: Interface { fn text(&self) -> String; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Page)]
    /// struct PortPage { #[shaku(inject)] port: Arc<Port> }
    /// impl Page for PortPage { fn text(&self) -> String { self.port.0.to_string() } }
    ///
    /// let mut bindings = Bindings::default();
    /// bindings.instance("ServerBootloader", Arc::new(Port(9001)));
    /// let container = bindings.seal();
    /// assert_eq!(container.make::<PortPage>("PageBootloader")?.text(), "9001");
    /// # Ok::<(), nautil::container::ResolveError>(())
    /// ```
    ///
    /// # Errors
    /// Something that the component needs cannot be resolved, for the reasons that [`get`](Self::get) has.
    pub fn make<C: Component<Container>>(
        &self,
        bootloader: &'static str,
    ) -> Result<Arc<C::Interface>, ResolveError> {
        let implementation = short_name::<C>();
        let frame = Frame {
            interface: implementation.clone(),
            implementation,
            bootloader,
        };
        // With the thread in it, two threads do not wait for each other to build what each wants for itself. On one thread, a
        // component that comes to need itself is a ring all the same.
        let target = Target::Made(TypeId::of::<C>(), thread::current().id());
        let build = component::<C>(C::Parameters::default);
        let binding = Arc::new(Binding::new(Kind::Component, target, frame, build));
        self.build(&binding).map(|()| Arc::clone(value(&binding)))
    }

    /// Builds everything that is bound, and returns everything that is wrong, each thing once.
    ///
    /// Nothing is built twice, not even what fails. A value that the phase `boot` makes may be missing still: neither the value
    /// nor what needs it is reported.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use nautil::container::Bindings;
    ///
    /// struct Port(u16);
    /// struct Address(String);
    ///
    /// let mut bindings = Bindings::default();
    /// bindings.factory("ServerBootloader", |resolver| {
    ///     Ok(Arc::new(Address(format!("localhost:{}", resolver.get::<Port>().0))))
    /// });
    /// let faults = bindings.seal().check();
    /// assert_eq!(
    ///     faults[0].to_string(),
    ///     "nothing is bound to `Port`\n  needed by `Address`, from bootloader `ServerBootloader`"
    /// );
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<ResolveError> {
        let _once = self.remember_failures();
        let bindings = self.registry.bindings();
        let failed = bindings.filter_map(|binding| self.build(binding).err());
        distinct(self.registry.faults.iter().cloned().chain(failed))
    }

    /// As long as the result lives, what has failed is not built again. A check of more than the bindings keeps it across all of
    /// its parts: many of them need the same, and a factory that fails may take long or have side effects.
    pub(crate) fn remember_failures(&self) -> Remembering<'_> {
        self.registry.builds.remember_failures()
    }

    /// Returns every binding in the order of declaration. Members of lists come last.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use nautil::container::{Bindings, Kind};
    ///
    /// struct Port(u16);
    ///
    /// let mut bindings = Bindings::default();
    /// bindings.instance("ServerBootloader", Arc::new(Port(9001)));
    /// let [port] = &bindings.seal().entries()[..] else { panic!("one is bound") };
    /// assert_eq!((port.interface.as_str(), port.kind), ("Port", Kind::Instance));
    /// assert_eq!(port.bootloader, "ServerBootloader");
    /// ```
    #[must_use]
    pub fn entries(&self) -> Vec<BindingInfo> {
        self.registry.entries()
    }

    #[inline]
    fn singleton<I: Interface + ?Sized>(&self) -> Result<&Arc<I>, ResolveError> {
        let binding = self.registry.one::<I>();
        let built = binding.and_then(|binding| binding.built());
        built.map_or_else(|| self.unbuilt(), Ok)
    }

    /// The rest of [`singleton`](Self::singleton), for a singleton that is not built yet. It is a function of its own so that the
    /// way to one that is built, which every call goes, stays short enough to be inlined.
    #[cold]
    fn unbuilt<I: Interface + ?Sized>(&self) -> Result<&Arc<I>, ResolveError> {
        match self.registry.one::<I>() {
            Some(binding) => self.build(binding).map(|()| value(binding)),
            None => self.itself().ok_or_else(|| self.registry.missing::<I>()),
        }
    }

    /// The container itself, if `I` is its type.
    fn itself<I: Interface + ?Sized>(&self) -> Option<&Arc<I>> {
        let itself: &dyn Any = self.itself.get_or_init(|| Arc::new(self.clone()));
        itself.downcast_ref()
    }

    fn members<I: Interface + ?Sized>(&self) -> Result<&[Arc<I>], ResolveError> {
        let Some(list) = self.registry.list::<I>() else {
            return Ok(&[]);
        };
        // The whole vector is kept, because shaku lends it out as a slice.
        let built = match list.built.get() {
            Some(built) => built,
            None => {
                let members = list.members.iter();
                let all: Result<Vec<Arc<I>>, _> = members
                    .map(|member| self.build(member).map(|()| Arc::clone(value(member))))
                    .collect();
                let all: Erased = Box::new(all?);
                list.built.get_or_init(|| all)
            }
        };
        let all: &Vec<Arc<I>> = built
            .downcast_ref()
            .expect("a list is stored under the type of its interface");
        Ok(all)
    }

    /// Builds a binding, unless it is built already.
    ///
    /// Every build passes here: when a component needs another one, shaku calls back into [`Container::get`]. So this is where
    /// rings and builds on several threads are noticed, by [`Builds`](super::builds::Builds).
    fn build(&self, binding: &Arc<Binding<BuildContext>>) -> BuildOutcome {
        binding.refuse_rivals()?;
        let built = || binding.is_built();
        let builds = &self.registry.builds;
        builds.once(binding.target, &binding.frame, built, || {
            let resolution = Arc::new(Resolution {
                container: self.clone(),
                binding: Arc::clone(binding),
                outcome: OnceLock::new(),
            });
            ModuleBuilder::<Container>::with_submodules(Arc::clone(&resolution)).build();
            // shaku returns the module that `Module::build` made, which is not of interest here.
            let outcome = resolution.outcome.get().cloned();
            outcome.expect("`Module::build` has set the outcome")
        })
    }
}

/// What builds a component.
pub(super) fn component<C: Component<Container>>(
    parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
) -> impl Fn(&mut BuildContext) -> Result<Erased, BoxError> + Send + Sync + 'static {
    // `context.build_component` would keep the component in shaku's own map, which ends with the context. The singleton lives in
    // its binding.
    move |context| {
        let component = C::build(context, parameters());
        Ok(Box::new(Arc::<C::Interface>::from(component)))
    }
}

/// The value of a binding whose build went well.
fn value<I: Interface + ?Sized>(binding: &Binding<BuildContext>) -> &Arc<I> {
    binding.built().expect("it has been built")
}

impl Resolution {
    pub(super) fn container(&self) -> &Container {
        &self.container
    }
}

impl Module for Container {
    type Submodules = Arc<Resolution>;

    fn build(mut context: BuildContext) -> Self {
        let resolution = Arc::clone(context.submodules());
        let outcome = resolution.binding.build(&mut context);
        resolution.outcome.get_or_init(|| outcome);
        resolution.container.clone()
    }
}

impl<I: Interface + ?Sized> HasComponent<I> for Container {
    fn build_component(context: &mut BuildContext) -> Arc<I> {
        HasComponent::resolve(&context.submodules().container)
    }

    // shaku's signature has no error, so an error leaves by unwinding: see `ResolveError::unwind`.
    fn resolve(&self) -> Arc<I> {
        self.get().unwrap_or_else(ResolveError::unwind)
    }

    fn resolve_ref(&self) -> &I {
        self.singleton().unwrap_or_else(ResolveError::unwind)
    }
}

impl<I: Interface + ?Sized> HasComponents<I> for Container {
    fn build_components(context: &mut BuildContext) -> Vec<Arc<I>> {
        HasComponents::resolve_all(&context.submodules().container).to_vec()
    }

    fn resolve_all(&self) -> &[Arc<I>] {
        self.members().unwrap_or_else(ResolveError::unwind)
    }
}

/// A clone makes its own `itself`, when that is asked for.
impl Clone for Container {
    fn clone(&self) -> Self {
        Container {
            registry: Arc::clone(&self.registry),
            itself: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Container")
            .field("bound", &self.registry.entries().len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Resolution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Resolution")
            .field("binding", &self.binding.frame)
            .finish_non_exhaustive()
    }
}
