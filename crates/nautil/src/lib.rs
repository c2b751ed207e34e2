//! An application framework for gRPC services: from a `.proto` to a production server, and a client in the container.
//!
//! Five nouns:
//!
//! - A [`Kernel`] lists what the application consists of: its bootloaders.
//! - A [`Bootloader`] is a feature on one page: its config section, bindings, services and commands.
//! - The [`container`] wires components by their interfaces, as the bootloaders bound them.
//! - The [`config`] is typed, layered and strict, and knows where each value comes from.
//! - A [`Command`](console::Command) is a way in for people; `serve` is one, and runs the [`grpc`] server.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nautil::console::{Command, DynCommand, Failure, Output};
//! use nautil::container::{Component, Interface};
//! use nautil::testing::TestKernel;
//! use nautil::{Bootloader, Bootloaders, Init, Kernel};
//!
//! trait Greeting: Interface {
//!     fn to(&self, name: &str) -> String;
//! }
//!
//! #[derive(Component)]
//! #[shaku(interface = Greeting)]
//! struct Hello;
//! impl Greeting for Hello {
//!     fn to(&self, name: &str) -> String { format!("hello, {name}") }
//! }
//!
//! /// Greet somebody
//! #[derive(clap::Args)]
//! struct GreetArguments { name: String }
//!
//! #[derive(Component)]
//! #[shaku(interface = DynCommand)]
//! struct Greet { #[shaku(inject)] greeting: Arc<dyn Greeting> }
//! impl Command for Greet {
//!     const NAME: &'static str = "demo:greet";
//!     type Arguments = GreetArguments;
//!     async fn run(&self, arguments: GreetArguments, output: &Output) -> Result<(), Failure> {
//!         output.line(self.greeting.to(&arguments.name));
//!         Ok(())
//!     }
//! }
//!
//! #[derive(PartialEq)]
//! struct GreetingBootloader;
//! impl Bootloader for GreetingBootloader {
//!     fn init(&self, init: &mut Init<'_>) {
//!         init.bind::<Hello>().command::<Greet>();
//!     }
//! }
//!
//! struct App;
//! impl Kernel for App {
//!     const NAME: &'static str = "demo";
//!     const VERSION: &'static str = "1.0.0";
//!     fn bootloaders(&self) -> Bootloaders { Bootloaders::new().with(GreetingBootloader) }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! // `fn main() -> ExitCode { nautil::run(App) }` is the program; a test calls the same kernel in-process:
//! let called = TestKernel::of(App).console(["demo:greet", "world"]).await;
//! assert_eq!(called.out, "hello, world\n");
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Where to read first
//!
//! 1. The example above: every noun once, in use.
//! 2. [`bootloader`]: the one trait that a feature implements, and [`Init`], which has a verb for everything that a feature may
//!    declare.
//! 3. `kernel/process.rs`: what [`run`] does from the first line to the exit code. It walks through the phases of
//!    `kernel/phases.rs` and `kernel/booted.rs`. Each phase is a type, so that nothing can be added after its time.
//! 4. `telemetry/`: the smallest room of a feature, with a section, a verb and a bootloader. The other features are built alike,
//!    and `framework.rs` lists their bootloaders.
//! 5. For the way of a call, the crate [`nautil_grpc`]: its server and its client each begin with a map.
//! 6. [`testing`]: the same kernel without a process around it. Most tests of this crate go through it.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `codegen`: the command `grpc:generate`, with the compiler for `.proto` files. A production build leaves it out.
//! - `dev`: the command `dev`, which serves, and swaps the server for a new one whenever a file is saved. It includes `codegen`, because
//!   a contract that is saved is generated. A production build leaves it out.
//! - `tokio-console`: what `tokio-console` connects to, at `127.0.0.1:6669` or `TOKIO_CONSOLE_BIND`. It needs
//!   `RUSTFLAGS="--cfg tokio_unstable"`, and says so at start without it. Not for production.

#![warn(missing_docs, missing_debug_implementations)]

pub mod bootloader;
pub mod config;
pub mod console;
pub mod container;
#[cfg(feature = "dev")]
mod dev;
pub mod environment;
mod error;
mod framework;
pub mod grpc;
pub mod kernel;
mod shutdown;
mod suggest;
mod supervisor;
pub mod telemetry;
pub mod testing;

use std::process::ExitCode;

pub use async_trait::async_trait;
pub use bootloader::{Boot, Bootloader, Bootloaders, Init};
pub use error::BoxError;
pub use kernel::Kernel;
pub use {clap, prost, prost_types, serde, shaku};

/// Runs an application from its first line to its exit code: the whole of `main`. It reads the command line and the environment,
/// and runs the command that is called.
pub fn run<K: Kernel>(kernel: K) -> ExitCode {
    kernel::run(&kernel, framework::bootloaders(), framework::begin)
}
