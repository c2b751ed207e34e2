//! The console: commands, their registry, and the one way out for text.
//!
//! A command is a component (what it needs), a `clap::Args` (what it is told) and `run`:
//!
//! ```
//! use nautil::console::{Command, DynCommand, Failure, Output};
//! use shaku::Component;
//!
//! /// Greets somebody.
//! #[derive(clap::Args)]
//! struct GreetArguments {
//!     /// Whom to greet
//!     name: String,
//! }
//!
//! #[derive(Component)]
//! #[shaku(interface = DynCommand)]
//! struct Greet;
//!
//! impl Command for Greet {
//!     const NAME: &'static str = "demo:greet";
//!     type Arguments = GreetArguments;
//!
//!     async fn run(&self, arguments: GreetArguments, output: &Output) -> Result<(), Failure> {
//!         output.line(format_args!("hello, {}", arguments.name));
//!         Ok(())
//!     }
//! }
//! ```

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
