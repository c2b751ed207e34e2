//! `container:check` and `container:list`.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::console::{Command, Commands, DynCommand, Failure, Output};
use crate::container::{Checks, Container, distinct};

/// Build everything that is bound, and report every fault
#[derive(Debug, Args)]
pub(crate) struct ContainerCheckArguments {}

/// List what is bound, to what, and by which bootloader
#[derive(Debug, Args)]
pub(crate) struct ContainerListArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct ContainerCheck {
    #[shaku(inject)]
    container: Arc<Container>,
    #[shaku(inject)]
    commands: Arc<Commands>,
    #[shaku(inject)]
    checks: Arc<Checks>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct ContainerList {
    #[shaku(inject)]
    container: Arc<Container>,
}

impl Command for ContainerCheck {
    const NAME: &'static str = "container:check";
    type Arguments = ContainerCheckArguments;

    async fn run(&self, _: ContainerCheckArguments, output: &Output) -> Result<(), Failure> {
        let _once = self.container.remember_failures();
        let commands = self.commands.iter();
        let unbuilt = commands.filter_map(|command| command.make(&self.container).err());
        let faults = distinct(
            self.container
                .check()
                .into_iter()
                .chain(self.checks.run(&self.container))
                .chain(unbuilt),
        );
        if faults.is_empty() {
            let bound = self.container.entries().len();
            output.line(format_args!("{bound} bindings, no faults"));
            return Ok(());
        }
        for fault in &faults {
            output.fault(fault);
        }
        Err(Failure::said())
    }
}

impl Command for ContainerList {
    const NAME: &'static str = "container:list";
    type Arguments = ContainerListArguments;

    async fn run(&self, _: ContainerListArguments, output: &Output) -> Result<(), Failure> {
        let rows = self.container.entries().into_iter().map(|binding| {
            let interface = if binding.listed {
                format!("{} (listed)", binding.interface)
            } else {
                binding.interface
            };
            let decorators = binding.decorators.join(", ");
            [
                interface,
                binding.implementation,
                binding.kind.to_string(),
                binding.bootloader.to_owned(),
                decorators,
            ]
        });
        let header = [
            "interface",
            "implementation",
            "kind",
            "bootloader",
            "decorated by",
        ];
        output.table(header, rows);
        Ok(())
    }
}
