//! `list` and `help`.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use super::arguments::unknown;
use crate::console::{Command, Commands, DynCommand, Failure, Output};
use crate::environment::Environment;

/// List every command
#[derive(Debug, Args)]
pub(super) struct ListArguments {}

/// Show the help of a command
#[derive(Debug, Args)]
pub(super) struct HelpArguments {
    /// The command; without it, the list of all
    command: Option<String>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(super) struct List {
    #[shaku(inject)]
    commands: Arc<Commands>,
    #[shaku(inject)]
    environment: Arc<Environment>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(super) struct Help {
    #[shaku(inject)]
    commands: Arc<Commands>,
    #[shaku(inject)]
    environment: Arc<Environment>,
}

impl Command for List {
    const NAME: &'static str = "list";
    type Arguments = ListArguments;

    async fn run(&self, _: ListArguments, output: &Output) -> Result<(), Failure> {
        self.commands.list(self.environment.name(), output);
        Ok(())
    }
}

impl Command for Help {
    const NAME: &'static str = "help";
    type Arguments = HelpArguments;

    async fn run(&self, arguments: HelpArguments, output: &Output) -> Result<(), Failure> {
        let Some(name) = arguments.command else {
            self.commands.list(self.environment.name(), output);
            return Ok(());
        };
        let help = self.commands.help(&name);
        output.text(help.ok_or_else(|| unknown(&name, &self.commands))?);
        Ok(())
    }
}
