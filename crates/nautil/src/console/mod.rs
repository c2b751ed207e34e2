//! The console: commands, their registry, and the one way out for text.
//!
//! A command is a component (what it needs), a `clap::Args` (what it is told) and `run`: see [`Command`].

mod arguments;
mod bootloader;
mod command;
mod commands;
mod completion;
mod describe;
mod failure;
mod globals;
mod help;
mod init;
mod output;

pub(crate) use arguments::{Invocation, Preview, parse};
pub(crate) use bootloader::ConsoleBootloader;
pub(crate) use command::CommandEntry;
pub use command::{Command, DynCommand};
pub(crate) use commands::Commands;
pub use describe::Describe;
pub(crate) use describe::Descriptions;
pub(crate) use failure::print as print_failure;
pub use failure::{Code, Failure};
pub(crate) use globals::Globals;
pub use output::{Captured, Output, Verbosity};
