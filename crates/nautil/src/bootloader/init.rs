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
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// #[derive(Default)]
    /// struct Authors(Vec<&'static str>);
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// let author = init.bootloader();
    /// init.declare::<Authors>().0.push(author);
    /// # });
    /// # run(async {
    /// // In a test, where the bootloader is called `ExampleBootloader`:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Authors>()?.0, ["ExampleBootloader"]);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn bootloader(&self) -> &'static str {
        self.bootloader
    }

    /// What all bootloaders declare of this type: one value, made by `Default` when it is first asked for. After `init` it
    /// is sealed, and `Arc<T>` can be injected.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// #[derive(Default)]
    /// struct Greeted(Vec<&'static str>);
    ///
    /// # let kernel = kernel(|init| {
    /// // In the `init` of one bootloader, and of another:
    /// init.declare::<Greeted>().0.push("world");
    /// init.declare::<Greeted>().0.push("mars");
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Greeted>()?.0, ["world", "mars"]);
    /// # Ok(()) });
    /// ```
    pub fn declare<T: Default + Any + Send + Sync>(&mut self) -> &mut T {
        self.declarations.declare(self.bootloader)
    }

    /// Reports that a name is taken: `what` is its kind (`command`), `first` the bootloader that has it. The application
    /// does not start.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// # let kernel = kernel(|init| {
    /// // In a verb that finds the name taken:
    /// init.twice("greeting", "hello", "PoliteBootloader");
    /// # });
    /// # run(async {
    /// // In a test:
    /// let error = kernel.start().await.unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "greeting `hello` is declared twice: by bootloader `PoliteBootloader` and by bootloader `ExampleBootloader`"
    /// );
    /// # Ok(()) });
    /// ```
    pub fn twice(&mut self, what: &'static str, name: impl Into<String>, first: &'static str) {
        self.declarations.errors.push(DeclareError::Twice {
            what,
            name: name.into(),
            first,
            second: self.bootloader,
        });
    }

    /// Reports a declaration that cannot stand. The application does not start.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// # let kernel = kernel(|init| {
    /// // In a verb that is handed a path:
    /// init.refuse("a path begins with `/`");
    /// # });
    /// # run(async {
    /// // In a test:
    /// let called = kernel.console(["list"]).await;
    /// assert_eq!(
    ///     called.err,
    ///     "error: bootloader `ExampleBootloader` declares what cannot be\n  because a path begins with `/`\n"
    /// );
    /// # Ok(()) });
    /// ```
    pub fn refuse(&mut self, error: impl Into<BoxError>) {
        self.declarations.errors.push(DeclareError::Refused {
            bootloader: self.bootloader,
            source: error.into(),
        });
    }

    /// Declares a config section; `Arc<T>` can then be injected.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::config::Section;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct CacheConfig { entries: u32 }
    /// impl Section for CacheConfig {
    ///     const NAME: &'static str = "cache";
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.config::<CacheConfig>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.config("cache.entries=100").start().await?;
    /// assert_eq!(app.get::<CacheConfig>()?.entries, 100);
    /// # Ok(()) });
    /// ```
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
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.bind::<Noon>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 12);
    /// # Ok(()) });
    /// ```
    pub fn bind<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.bind::<C>(self.bootloader);
        self
    }

    /// Binds a component with values for its fields that are not injected.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Fixed { hour: u32 }
    /// impl Clock for Fixed { fn hour(&self) -> u32 { self.hour } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.bind_with::<Fixed>(|| FixedParameters { hour: 9 });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 9);
    /// # Ok(()) });
    /// ```
    pub fn bind_with<C: Component<Container>>(
        &mut self,
        parameters: impl Fn() -> C::Parameters + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.bind_with::<C>(self.bootloader, parameters);
        self
    }

    /// Binds a value that is there already.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Zone(&'static str);
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.instance(Arc::new(Zone("UTC")));
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Zone>()?.0, "UTC");
    /// # Ok(()) });
    /// ```
    pub fn instance<I: Interface + ?Sized>(&mut self, value: Arc<I>) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.instance::<I>(self.bootloader, value);
        self
    }

    /// Binds a closure that makes the value, on first use, from what it resolves.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Port(u16);
    /// struct Address(String);
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.instance(Arc::new(Port(9001)));
    /// init.factory(|resolver| {
    ///     let port = resolver.get::<Port>();
    ///     Ok(Arc::new(Address(format!("localhost:{}", port.0))))
    /// });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Address>()?.0, "localhost:9001");
    /// # Ok(()) });
    /// ```
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
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// struct Pool(usize);
    ///
    /// async fn connect() -> std::io::Result<Pool> { Ok(Pool(8)) }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.async_factory(|_boot| async { Ok(Arc::new(connect().await?)) });
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<Pool>()?.0, 8);
    /// # Ok(()) });
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
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::{Component, Container, Interface};
    ///
    /// trait Chime: Interface { fn sound(&self) -> &'static str; }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Chime)]
    /// struct Bell;
    /// impl Chime for Bell { fn sound(&self) -> &'static str { "dong" } }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Chime)]
    /// struct Cuckoo;
    /// impl Chime for Cuckoo { fn sound(&self) -> &'static str { "cuckoo" } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.extend::<Bell>().extend::<Cuckoo>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// let chimes = app.get::<Container>()?.all::<dyn Chime>()?;
    /// let sounds: Vec<_> = chimes.iter().map(|chime| chime.sound()).collect();
    /// assert_eq!(sounds, ["dong", "cuckoo"]);
    /// # Ok(()) });
    /// ```
    pub fn extend<C: Component<Container>>(&mut self) -> &mut Self {
        self.declarations.bindings.extend::<C>(self.bootloader);
        self
    }

    /// Wraps what is bound to `I`, whoever bound it.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// use nautil::container::Interface;
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// struct SummerTime(Arc<dyn Clock>);
    /// impl Clock for SummerTime { fn hour(&self) -> u32 { self.0.hour() + 1 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In the `init` of one bootloader, and of another:
    /// init.instance::<dyn Clock>(Arc::new(Noon));
    /// init.decorate::<dyn Clock>(|clock, _| Ok(Arc::new(SummerTime(clock))));
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 13);
    /// # Ok(()) });
    /// ```
    pub fn decorate<I: Interface + ?Sized>(
        &mut self,
        wrap: impl Fn(Arc<I>, &mut Resolver<'_>) -> Result<Arc<I>, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bindings = &mut self.declarations.bindings;
        bindings.decorate::<I>(self.bootloader, wrap);
        self
    }

    /// Binds a component in the place of what an earlier bootloader bound.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use std::sync::Arc;
    ///
    /// use nautil::container::{Component, Interface};
    ///
    /// trait Clock: Interface { fn hour(&self) -> u32; }
    ///
    /// struct Noon;
    /// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = Clock)]
    /// struct Midnight;
    /// impl Clock for Midnight { fn hour(&self) -> u32 { 0 } }
    ///
    /// # let kernel = kernel(|init| {
    /// // In the `init` of one bootloader, and of a later one:
    /// init.instance::<dyn Clock>(Arc::new(Noon));
    /// init.rebind::<Midnight>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let app = kernel.start().await?;
    /// assert_eq!(app.get::<dyn Clock>()?.hour(), 0);
    /// # Ok(()) });
    /// ```
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
