//! The `init` phase: what bootloaders declare, and which of them declared it.
//!
//! The verbs here are those that every other verb stands on, and that of the config; `bind.rs` has those of the container. Every
//! other feature has its own verbs in its room, as a further `impl Init`, and a crate outside writes an extension trait.

use std::any::Any;
use std::fmt;

use super::BoxError;
use super::declarations::{Declarations, DeclareError};
use crate::config::{Section, SectionReader};

/// What one bootloader may declare in [`Bootloader::init`](super::Bootloader::init). The config has not been read at that time,
/// and no component is built.
///
/// A feature keeps what other bootloaders declare to it in a type of its own, and gives them a verb for it:
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
    pub(super) bootloader: &'static str,
    pub(super) declarations: &'kernel mut Declarations,
}

impl<'kernel> Init<'kernel> {
    pub(crate) fn new(bootloader: &'static str, declarations: &'kernel mut Declarations) -> Self {
        Init {
            bootloader,
            declarations,
        }
    }

    /// Returns the name of the bootloader that declares. Reports show it, and a feature keeps it beside what was declared.
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

    /// Returns what all bootloaders declare of this type. It is one value, which is made by `Default` when the first bootloader
    /// asks for it. When the last `init` is over nobody can change it any more, and `Arc<T>` can be injected.
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

    /// Reports that a name is taken, so that the application does not start. `what` is the kind of the name, such as `command`,
    /// and `first` is the bootloader that has the name already.
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

    /// Reports a declaration that makes no sense, so that the application does not start.
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

    /// Declares a config section. Its values can then be injected, as `Arc<T>`.
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
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Init")
            .field("bootloader", &self.bootloader)
            .finish_non_exhaustive()
    }
}
