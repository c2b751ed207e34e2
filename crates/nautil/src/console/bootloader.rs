//! The commands that every application has.

use super::completion::Completion;
use super::help::{Help, List};
use crate::bootloader::{Bootloader, Init};
use crate::config::ConfigShow;
use crate::container::{ContainerCheck, ContainerList};

/// `list`, `help`, `completion`, and the commands that look into the config and the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConsoleBootloader;

impl Bootloader for ConsoleBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<List>()
            .command::<Help>()
            .command::<Completion>()
            .command::<ConfigShow>()
            .command::<ContainerCheck>()
            .command::<ContainerList>();
    }
}
