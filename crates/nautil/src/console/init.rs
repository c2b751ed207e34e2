//! The verbs of the console.

use shaku::Component;

use super::describe::Descriptions;
use super::{Command, CommandEntry, Commands, Describe, DynCommand};
use crate::bootloader::Init;
use crate::container::Container;

impl Init<'_> {
    /// Adds a console command. The component is built when the command is called, not before.
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

    /// Adds words for errors of another crate, whose own are not for people. The first that has any for an error is
    /// heard; what is below that error in its chain is left out.
    ///
    /// ```
    /// # use nautil::Init;
    /// # fn init(init: &mut Init<'_>) {
    /// init.describe(|error| {
    ///     let error = error.downcast_ref::<std::num::ParseIntError>()?;
    ///     Some(format!("expected a whole number: {error}"))
    /// });
    /// # }
    /// ```
    pub fn describe(&mut self, describe: Describe) -> &mut Self {
        self.declare::<Descriptions>().add(describe);
        self
    }
}
