//! The commands that every application has.

mod bootloaders;
mod completion;
mod config;
mod container;
mod help;
mod wait;

use crate::bootloader::{Bootloader, Init};

/// `list`, `help`, `completion`, and the commands that look into the kernel, the config and the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConsoleBootloader;

impl Bootloader for ConsoleBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<help::List>()
            .command::<help::Help>()
            .command::<completion::Completion>()
            .command::<bootloaders::KernelBootloaders>()
            .command::<wait::Wait>()
            .command::<config::ConfigShow>()
            .command::<container::ContainerCheck>()
            .command::<container::ContainerList>();
    }
}
