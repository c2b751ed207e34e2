//! What a command is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use clap::{ArgMatches, Args, FromArgMatches};
use shaku::{Component, Interface};

use super::{Failure, Output};
use crate::container::{Container, MakeComponent, ResolveError};

/// A console command. Its help is the documentation of its [`Arguments`](Self::Arguments).
///
/// ```
#[doc = include_str!("../example.txt")]
/// use nautil::console::{Code, Command, DynCommand, Failure, Output};
/// use nautil::container::Component;
///
/// /// Greet somebody
/// #[derive(clap::Args)]
/// struct GreetArguments {
///     /// Whom to greet
///     name: String,
/// }
///
/// #[derive(Component)]
/// #[shaku(interface = DynCommand)]
/// struct Greet;
/// impl Command for Greet {
///     const NAME: &'static str = "demo:greet";
///     type Arguments = GreetArguments;
///
///     async fn run(&self, arguments: GreetArguments, output: &Output) -> Result<(), Failure> {
///         if arguments.name.is_empty() {
///             return Err("nobody is there to be greeted".into());
///         }
///         output.line(format_args!("hello, {}", arguments.name));
///         Ok(())
///     }
/// }
///
/// # let kernel = kernel(|init| { init.command::<Greet>(); });
/// # run(async {
/// // In a test:
/// let called = kernel.console(["demo:greet", "world"]).await;
/// assert_eq!((called.code, called.out.as_str()), (Code::Done, "hello, world\n"));
///
/// let called = kernel.console(["demo:greet", ""]).await;
/// assert_eq!((called.code, called.err.as_str()), (Code::Failed, "error: nobody is there to be greeted\n"));
/// # Ok(()) });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a console command",
    note = "a command has a `NAME`, a `clap::Args` as `Arguments`, and an `async fn run`"
)]
pub trait Command: Send + Sync + 'static {
    /// The name by which the command is called, with its namespace before a colon: `grpc:get-currency-rate`.
    const NAME: &'static str;

    /// The options and arguments of the command. Their documentation is its help.
    type Arguments: Args + Send;

    /// Says whether the application is booted before the command runs. Then every binding is checked, and each bootloader's
    /// `boot` has run.
    ///
    /// Without a boot, the command works even if something that it does not need is broken.
    #[must_use]
    fn boots(_arguments: &Self::Arguments) -> bool {
        false
    }

    /// Does the work, and writes its result to `output`.
    ///
    /// # Errors
    /// Whatever keeps the command from its result. The error is printed, and the exit code is 1.
    fn run(
        &self,
        arguments: Self::Arguments,
        output: &Output,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Any [`Command`], whatever its arguments: the interface under which commands are components.
pub trait DynCommand: Interface {
    /// Reads the arguments, and runs the command.
    ///
    /// # Errors
    /// The arguments cannot be read, or the command fails.
    fn execute<'run>(
        &'run self,
        matches: &'run ArgMatches,
        output: &'run Output,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'run>>;
}

impl<C: Command> DynCommand for C {
    fn execute<'run>(
        &'run self,
        matches: &'run ArgMatches,
        output: &'run Output,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'run>> {
        let arguments = C::Arguments::from_arg_matches(matches);
        Box::pin(async move {
            let arguments = arguments.map_err(Failure::usage)?;
            self.run(arguments, output).await
        })
    }
}

/// A command as the registry keeps it: nothing is built before it is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandEntry {
    pub(crate) name: &'static str,
    pub(crate) bootloader: &'static str,
    pub(crate) clap: fn() -> clap::Command,
    pub(crate) boots: fn(&ArgMatches) -> bool,
    make: MakeComponent<dyn DynCommand>,
}

impl CommandEntry {
    pub(crate) fn of<C>(bootloader: &'static str) -> Self
    where
        C: Command + Component<Container, Interface = dyn DynCommand>,
    {
        CommandEntry {
            name: C::NAME,
            bootloader,
            clap: || C::Arguments::augment_args(clap::Command::new(C::NAME)),
            boots: |matches| {
                C::Arguments::from_arg_matches(matches).is_ok_and(|arguments| C::boots(&arguments))
            },
            make: |container, bootloader| container.make::<C>(bootloader),
        }
    }

    /// Builds the command and what it needs.
    pub(crate) fn make(&self, container: &Container) -> Result<Arc<dyn DynCommand>, ResolveError> {
        (self.make)(container, self.bootloader)
    }

    /// The first line of its help.
    pub(crate) fn about(&self) -> String {
        let about = (self.clap)().get_about().map(ToString::to_string);
        about.unwrap_or_default()
    }
}
