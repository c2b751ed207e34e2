//! `console:wait`: a process for a container that commands are run in.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::console::{Command, DynCommand, Failure, Output};
use crate::shutdown::Shutdown;

/// Wait for SIGINT or SIGTERM, so that a container stays up for the commands that are run in it
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Wait {
    #[shaku(inject)]
    shutdown: Arc<Shutdown>,
}

impl Command for Wait {
    const NAME: &'static str = "console:wait";
    type Arguments = WaitArguments;

    /// So that what is wrong stops the container at its start, and not the first command.
    fn boots(_: &WaitArguments) -> bool {
        true
    }

    async fn run(&self, _: WaitArguments, output: &Output) -> Result<(), Failure> {
        output.line("ready for commands");
        self.shutdown.requested().await;
        Ok(())
    }
}
