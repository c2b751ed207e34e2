//! The container while it is being filled: what bootloaders declare.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use shaku::{Component, Interface};

use super::binding::{Binding, Decorator, Kind, NotMade};
use super::builds::{Builds, Target};
use super::deferred::Deferred;
use super::error::{Frame, ResolveError, ResolveFault};
use super::module::{BuildContext, Container, component};
use super::name::short_name;
use super::registry::Registry;
use super::resolver::Resolver;
use crate::error::BoxError;

/// The bindings that bootloaders declare, before the container is sealed. Each verb takes the name of the bootloader that
/// declares, for the errors.
///
/// ```
/// use std::sync::Arc;
/// use nautil::container::{Bindings, Component, Interface};
///
/// trait Clock: Interface { fn now(&self) -> u64; }
/// trait Chime: Interface { fn sound(&self) -> &'static str; }
///
/// #[derive(Component)]
/// #[shaku(interface = Clock)]
/// struct Fixed { #[shaku(default = 9)] hour: u64 }
/// impl Clock for Fixed { fn now(&self) -> u64 { self.hour } }
///
/// struct Ahead(Arc<dyn Clock>);
/// impl Clock for Ahead { fn now(&self) -> u64 { self.0.now() + 1 } }
///
/// #[derive(Component)]
/// #[shaku(interface = Chime)]
/// struct Bell;
/// impl Chime for Bell { fn sound(&self) -> &'static str { "dong" } }
///
/// struct Zone(&'static str);
/// struct Label(String);
///
/// let mut bindings = Bindings::default();
/// // A component, with what its fields that are not injected are to be.
/// bindings.bind_with::<Fixed>("TimeBootloader", || FixedParameters { hour: 12 });
/// // A value that is there already.
/// bindings.instance("TimeBootloader", Arc::new(Zone("UTC")));
/// // A closure that makes a value on first use.
/// bindings.factory("LabelBootloader", |resolver| {
///     let zone = resolver.get::<Zone>();
///     Ok(Arc::new(Label(format!("{} {}", resolver.get::<dyn Clock>().now(), zone.0))))
/// });
/// // A member of a list, injected as `Vec<Arc<dyn Chime>>`.
/// bindings.extend::<Bell>("ChimeBootloader");
/// // A wrapper around what somebody else bound.
/// bindings.decorate::<dyn Clock>("SummerBootloader", |clock, _| Ok(Arc::new(Ahead(clock))));
/// // Something else in its place.
/// bindings.rebind_instance("a test", Arc::new(Zone("CET")));
///
/// let container = bindings.seal();
/// assert_eq!(container.get::<Label>()?.0, "13 CET");
/// assert_eq!(container.all::<dyn Chime>()?[0].sound(), "dong");
/// # Ok::<(), nautil::container::ResolveError>(())
/// ```
#[derive(Default)]
pub struct Bindings {
    one: Vec<Binding<BuildContext>>,
    many: Vec<Binding<BuildContext>>,
    /// Each with the interface that it decorates, and the name of that.
    decorators: Vec<(Target, String, Decorator<BuildContext>)>,
    faults: Vec<ResolveError>,
    build_timeout: Option<Duration>,
}

impl Bindings {
    /// Binds a component to its interface. It is built when it is first needed.
    pub fn bind<C: Component<Container>>(&mut self, bootloader: &'static str) {
        self.bind_with::<C>(bootloader, C::Parameters::default);
    }

    /// Binds a component to its interface, with values for those of its fields that are not injected. `parameters` is called
    /// for each build, and a build that fails is repeated when the component is asked for again.
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        bootloader: &'static str,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) {
        self.add(bound::<C>(one::<C::Interface>(), bootloader, parameters));
    }

    /// Binds a value that exists already.
    pub fn instance<I: Interface + ?Sized>(&mut self, bootloader: &'static str, value: Arc<I>) {
        self.add(instance(bootloader, value));
    }

    /// Binds a closure that makes the value when it is first needed.
    pub fn factory<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        self.add(factory(bootloader, make));
    }

    /// Binds a value that is made in the phase `boot`, because making it takes an `await`: a pool of connections, for example.
    ///
    /// Whoever makes the value puts it into the place that this returns. As long as the place is empty, the value and
    /// everything that needs it resolve to an error that says so. [`Container::check`] leaves that error out, because it runs
    /// before `boot`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use nautil::container::{Bindings, Interface};
    ///
    /// trait Pool: Interface { fn size(&self) -> usize; }
    /// struct Connected(usize);
    /// impl Pool for Connected { fn size(&self) -> usize { self.0 } }
    ///
    /// let mut bindings = Bindings::default();
    /// let pool = bindings.deferred::<dyn Pool>("DatabaseBootloader");
    /// let container = bindings.seal();
    /// assert!(container.check().is_empty());
    /// let error = container.get::<dyn Pool>().map(|_| ()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`dyn Pool` is made in boot by bootloader `DatabaseBootloader`, and has not been made yet"
    /// );
    ///
    /// // In boot, after whatever had to be awaited:
    /// pool.fill(Arc::new(Connected(8)));
    /// assert_eq!(container.get::<dyn Pool>()?.size(), 8);
    /// # Ok::<(), nautil::container::ResolveError>(())
    /// ```
    pub fn deferred<I: Interface + ?Sized>(&mut self, bootloader: &'static str) -> Deferred<I> {
        let (deferred, value) = Deferred::<I>::new();
        let build = move |_: &mut _| match value.get() {
            Some(value) => Ok(Box::new(Arc::clone(value)) as _),
            None => Err(NotMade.into()),
        };
        let frame = unnamed::<I>(bootloader);
        self.add(Binding::new(Kind::Deferred, one::<I>(), frame, build));
        deferred
    }

    /// Adds a component to the list of its interface, which is injected as `Vec<Arc<dyn I>>`, in the order of declaration.
    pub fn extend<C: Component<Container>>(&mut self, bootloader: &'static str) {
        // The place in the list tells the members apart. Their types may not: a list may have the same component twice.
        let key = TypeId::of::<C::Interface>();
        let targets = self.many.iter().map(|other| other.target);
        let before =
            targets.filter(|other| matches!(other, Target::Member(list, _) if *list == key));
        let target = Target::Member(key, before.count());
        self.many
            .push(bound::<C>(target, bootloader, C::Parameters::default));
    }

    /// Wraps what is bound to `I`, whichever bootloader bound it. Decorators wrap in the order of their declaration.
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        let decorator = Decorator::new(bootloader, move |erased, context: &mut BuildContext| {
            let inner = erased
                .downcast::<Arc<I>>()
                .expect("a binding is stored under the type of its interface");
            let container = context.submodules().container();
            Ok(Box::new(wrap(*inner, &mut Resolver::new(container))?))
        });
        self.decorators
            .push((one::<I>(), short_name::<I>(), decorator));
    }

    /// Binds a component in the place of what another bootloader bound before.
    pub fn rebind<C: Component<Container>>(&mut self, bootloader: &'static str) {
        let target = one::<C::Interface>();
        self.replace(bound::<C>(target, bootloader, C::Parameters::default));
    }

    /// Puts a value in the place of what another bootloader bound before.
    pub fn rebind_instance<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        value: Arc<I>,
    ) {
        self.replace(instance(bootloader, value));
    }

    /// Puts a closure in the place of what another bootloader bound before.
    pub fn rebind_factory<I: Interface + ?Sized>(
        &mut self,
        bootloader: &'static str,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) {
        self.replace(factory(bootloader, make));
    }

    /// Sets how long a thread waits for a singleton that another thread is building, before it gives up with an error. The
    /// default is thirty seconds.
    ///
    /// Make it longer if a factory takes longer than that without being stuck.
    pub fn build_timeout(&mut self, timeout: Duration) {
        self.build_timeout = Some(timeout);
    }

    fn replace(&mut self, binding: Binding<BuildContext>) {
        if let Some(replaced) = find(&mut self.one, binding.target) {
            *replaced = binding;
            return;
        }
        let fault = ResolveFault::NothingToReplace {
            interface: binding.frame.interface.clone(),
            verb: "rebind",
            bootloader: binding.frame.bootloader,
        };
        self.faults.push(fault.into());
        // Bound all the same: what needs it is not at fault, and would only be reported too.
        self.one.push(binding);
    }

    fn add(&mut self, binding: Binding<BuildContext>) {
        match find(&mut self.one, binding.target) {
            Some(first) => first.rival(binding.frame),
            None => self.one.push(binding),
        }
    }

    /// Ends the declarations, and returns the container that has them all. What is wrong with a declaration is reported by
    /// [`Container::check`], and by whatever needs it.
    #[must_use]
    pub fn seal(mut self) -> Container {
        // Decorators find their binding only now. So one may be declared before the binding is, and wraps whatever is bound in the
        // end, also by `rebind`.
        for (target, interface, decorator) in self.decorators {
            match find(&mut self.one, target) {
                Some(binding) => binding.decorate(decorator),
                None => {
                    let fault = ResolveFault::NothingToReplace {
                        interface,
                        verb: "decorate",
                        bootloader: decorator.bootloader(),
                    };
                    self.faults.push(fault.into());
                }
            }
        }
        Container::new(Registry::new(
            self.one.into_iter().chain(self.many),
            self.faults,
            self.build_timeout.unwrap_or(Builds::TIMEOUT),
        ))
    }
}

fn find(
    bindings: &mut [Binding<BuildContext>],
    target: Target,
) -> Option<&mut Binding<BuildContext>> {
    bindings.iter_mut().find(|other| other.target == target)
}

fn one<I: Interface + ?Sized>() -> Target {
    Target::One(TypeId::of::<I>())
}

fn bound<C: Component<Container>>(
    target: Target,
    bootloader: &'static str,
    parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
) -> Binding<BuildContext> {
    let frame = Frame {
        interface: short_name::<C::Interface>(),
        implementation: short_name::<C>(),
        bootloader,
    };
    Binding::new(Kind::Component, target, frame, component::<C>(parameters))
}

fn instance<I: Interface + ?Sized>(
    bootloader: &'static str,
    value: Arc<I>,
) -> Binding<BuildContext> {
    let build = move |_: &mut _| Ok(Box::new(Arc::clone(&value)) as _);
    Binding::new(Kind::Instance, one::<I>(), unnamed::<I>(bootloader), build)
}

fn factory<I: Interface + ?Sized>(
    bootloader: &'static str,
    make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
) -> Binding<BuildContext> {
    let build = move |context: &mut BuildContext| {
        let container = context.submodules().container();
        Ok(Box::new(make(&mut Resolver::new(container))?) as _)
    };
    Binding::new(Kind::Factory, one::<I>(), unnamed::<I>(bootloader), build)
}

/// The frame of what no component implements: it goes by the name of the interface.
fn unnamed<I: Interface + ?Sized>(bootloader: &'static str) -> Frame {
    Frame {
        interface: short_name::<I>(),
        implementation: short_name::<I>(),
        bootloader,
    }
}

impl fmt::Debug for Bindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bindings")
            .field("bound", &self.one.len())
            .field("listed", &self.many.len())
            .finish_non_exhaustive()
    }
}
