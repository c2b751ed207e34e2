//! The verbs of the console.

use shaku::Component;

use super::describe::Descriptions;
use super::{Command, CommandEntry, Commands, Describe, DynCommand};
use crate::bootloader::Init;
use crate::container::Container;

impl Init<'_> {
    /// Adds a console command. The component is not built before the command is called.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::console::{Command, DynCommand, Failure, Output};
    /// use nautil::container::Component;
    ///
    /// /// Say hello
    /// #[derive(clap::Args)]
    /// struct HelloArguments {}
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = DynCommand)]
    /// struct Hello;
    /// impl Command for Hello {
    ///     const NAME: &'static str = "demo:hello";
    ///     type Arguments = HelloArguments;
    ///     async fn run(&self, _: HelloArguments, output: &Output) -> Result<(), Failure> {
    ///         output.line("hello");
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.command::<Hello>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// assert_eq!(kernel.console(["demo:hello"]).await.out, "hello\n");
    /// # Ok(()) });
    /// ```
    pub fn command<C>(&mut self) -> &mut Self
    where
        C: Command + Component<Container, Interface = dyn DynCommand>,
    {
        let entry = CommandEntry::of::<C>(self.bootloader());
        let taken = self.declare::<Commands>().add(entry);
        if let Err(first) = taken {
            self.twice("command", C::NAME, first);
        }
        self
    }

    /// Adds words for an error of another crate whose own words are not for people.
    ///
    /// An error is shown to every function that was added, in order, and the first one that has words for it counts. The causes
    /// below that error are not printed.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// # use nautil::console::{Command, DynCommand, Failure, Output};
    /// # use nautil::container::Component;
    /// use std::num::ParseIntError;
    ///
    /// # /// Read a number
    /// # #[derive(clap::Args)]
    /// # struct ReadArguments { number: String }
    /// # #[derive(Component)]
    /// # #[shaku(interface = DynCommand)]
    /// # struct Read;
    /// # impl Command for Read {
    /// #     const NAME: &'static str = "demo:read";
    /// #     type Arguments = ReadArguments;
    /// #     async fn run(&self, arguments: ReadArguments, _: &Output) -> Result<(), Failure> {
    /// #         arguments.number.parse::<u32>()?;
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let kernel = kernel(|init| {
    /// #     init.command::<Read>();
    /// // In `init`:
    /// init.describe(|error| {
    ///     let error = error.downcast_ref::<ParseIntError>()?;
    ///     Some(format!("expected a whole number: {error}"))
    /// });
    /// # });
    /// # run(async {
    /// // In a test, of a command that reads a number:
    /// let called = kernel.console(["demo:read", "x"]).await;
    /// assert_eq!(called.err, "error: expected a whole number: invalid digit found in string\n");
    /// # Ok(()) });
    /// ```
    pub fn describe(&mut self, describe: Describe) -> &mut Self {
        self.declare::<Descriptions>().add(describe);
        self
    }
}
