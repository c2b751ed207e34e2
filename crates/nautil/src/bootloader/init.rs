//! The `init` phase: what bootloaders declare, and who declared it.
//!
//! The verbs here are those of the container and the config. Every other feature has its own in its room, as a further
//! `impl Init`, and a crate outside writes an extension trait; all of them stand on [`Init::declare`].

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use shaku::{Component, Interface};

use super::declarations::{AsyncFactory, Declarations, DeclareError};
use super::{Boot, BoxError};
use crate::config::{Section, SectionReader};
use crate::container::{Checks, Container, ResolveError, Resolver};

/// What one bootloader may declare. There is no config yet, and nothing is built.
///
/// A feature keeps what others declare to it in a type of its own, and gives them a verb for it:
///
/// ```
/// use std::sync::Arc;
///
/// use nautil::console::{Command, DynCommand, Failure, Output};
/// use nautil::container::Component;
/// use nautil::testing::TestKernel;
/// use nautil::{Bootloader, Bootloaders, Init, Kernel};
///
/// /// What is greeted.
/// #[derive(Default)]
/// struct Greeted(Vec<&'static str>);
///
/// /// The verb.
/// trait GreetInit {
///     fn greet(&mut self, name: &'static str) -> &mut Self;
/// }
/// impl GreetInit for Init<'_> {
///     fn greet(&mut self, name: &'static str) -> &mut Self {
///         self.declare::<Greeted>().0.push(name);
///         self
///     }
/// }
///
/// /// Greet them all
/// #[derive(clap::Args)]
/// struct GreetArguments {}
///
/// #[derive(Component)]
/// #[shaku(interface = DynCommand)]
/// struct Greet { #[shaku(inject)] greeted: Arc<Greeted> }
/// impl Command for Greet {
///     const NAME: &'static str = "demo:greet";
///     type Arguments = GreetArguments;
///     async fn run(&self, _: GreetArguments, output: &Output) -> Result<(), Failure> {
///         output.line(format_args!("hello, {}", self.greeted.0.join(", ")));
///         Ok(())
///     }
/// }
///
/// #[derive(PartialEq)]
/// struct GreetBootloader;
/// impl Bootloader for GreetBootloader {
///     fn init(&self, init: &mut Init<'_>) {
///         init.command::<Greet>().greet("world");
///     }
/// }
///
/// #[derive(PartialEq)]
/// struct MarsBootloader;
/// impl Bootloader for MarsBootloader {
///     fn init(&self, init: &mut Init<'_>) {
///         init.greet("mars");
///     }
/// }
///
/// struct App;
/// impl Kernel for App {
///     const NAME: &'static str = "demo";
///     const VERSION: &'static str = "1.0.0";
///     fn bootloaders(&self) -> Bootloaders {
///         Bootloaders::new().with(GreetBootloader).with(MarsBootloader)
///     }
/// }
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let called = TestKernel::of(App).console(["demo:greet"]).await;
/// assert_eq!(called.out, "hello, world, mars\n");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Init<'kernel> {
    bootloader: &'static str,
    declarations: &'kernel mut Declarations,
}

impl<'kernel> Init<'kernel> {
    pub(crate) fn new(bootloader: &'static str, declarations: &'kernel mut Declarations) -> Self {
        Init {
            bootloader,
            declarations,
        }
    }

    /// The name of the bootloader that declares, as reports show it.
    #[must_use]
    pub fn bootloader(&self) -> &'static str {
        self.bootloader
    }

    /// What all bootloaders declare of this type: one value, made by `Default` when it is first asked for. After `init` it
    /// is sealed, and `Arc<T>` can be injected.
    pub fn declare<T: Default + Any + Send + Sync>(&mut self) -> &mut T {
        self.declarations.declare(self.bootloader)
    }

    /// Reports that a name is taken: `what` is its kind (`command`), `first` the bootloader that has it. The application
    /// does not start.
    pub fn twice(&mut self, what: &'static str, name: impl Into<String>, first: &'static str) {
        self.declarations.errors.push(DeclareError::Twice {
            what,
            name: name.into(),
            first,
            second: self.bootloader,
        });
    }

    /// Reports a declaration that cannot stand. The application does not start.
    pub fn refuse(&mut self, error: impl Into<BoxError>) {
        self.declarations.errors.push(DeclareError::Refused {
            bootloader: self.bootloader,
            source: error.into(),
        });
    }

    /// Declares a config section; `Arc<T>` can then be injected.
    pub fn config<T: Section>(&mut self) -> &mut Self {
        let section = SectionReader::of::<T>(self.bootloader);
        let sections = &self.declarations.sections;
        match sections.iter().find(|other| other.name == section.name) {
            Some(first) => {
                let first = first.bootloader;
                self.twice("config section", T::NAME, first);
            }
            None => self.declarations.sections.push(section),
        }
        self
    }

    /// Binds a component to its interface: one for the whole application, built on first use.
    pub fn bind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.bind::<C>(self.bootloader);
        self
    }

    /// Binds a component with values for its fields that are not injected.
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.bind_with::<C>(self.bootloader, parameters);
        self
    }

    /// Binds a value that is there already.
    pub fn instance<I: Interface + ?Sized>(&mut self, value: Arc<I>) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.instance::<I>(self.bootloader, value);
        self
    }

    /// Binds a closure that makes the value, on first use, from what it resolves.
    pub fn factory<I: Interface + ?Sized>(
        &mut self,
        make: impl Fn(&mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.factory::<I>(self.bootloader, make);
        self
    }

    /// Binds a value that takes an `await` to be made: a pool that connects, a first fetch. It is made in the phase `boot`,
    /// before the `boot` of this bootloader and after that of those before it, and within the same `app.boot_timeout`. From
    /// then on it is injected like anything else; whoever asks for it before hears that it is not made yet.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use nautil::Init;
    ///
    /// struct Pool(u32);
    ///
    /// # fn init(init: &mut Init<'_>) {
    /// init.async_factory::<Pool, _>(|_boot| async {
    ///     // With `boot.get::<DatabaseConfig>()?`, say.
    ///     Ok(Arc::new(Pool(8)))
    /// });
    /// # }
    /// ```
    pub fn async_factory<I, F>(
        &mut self,
        make: impl FnOnce(Boot) -> F + Send + Sync + 'static,
    ) -> &mut Self
    where
        I: Interface + ?Sized,
        F: Future<Output = Result<Arc<I>, BoxError>> + Send + 'static,
    {
        let place = self.declarations.bindings.deferred::<I>(self.bootloader);
        self.declarations.factories.push(AsyncFactory {
            bootloader: self.bootloader,
            make: Box::new(move |boot| {
                Box::pin(async move {
                    // A test has put something else in its place, say.
                    if place.is_needed() {
                        place.fill(make(boot).await?);
                    }
                    Ok(())
                })
            }),
        });
        self
    }

    /// Adds a component to the ordered list of its interface, injected as `Vec<Arc<dyn I>>`.
    pub fn extend<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.extend::<C>(self.bootloader);
        self
    }

    /// Wraps what is bound to `I`, whoever bound it.
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.decorate::<I>(self.bootloader, wrap);
        self
    }

    /// Binds a component in the place of what an earlier bootloader bound.
    pub fn rebind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.rebind::<C>(self.bootloader);
        self
    }

    /// Adds a check of components that are bound to nothing, and that the application needs all the same. It returns what
    /// cannot be built.
    pub(crate) fn check(
        &mut self,
        check: impl Fn(&Container) -> Vec<ResolveError> + Send + Sync + 'static,
    ) -> &mut Self {
        self.declare::<Checks>().add(check);
        self
    }
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Init")
            .field("bootloader", &self.bootloader)
            .finish_non_exhaustive()
    }
}
