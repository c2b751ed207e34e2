//! The inner loop of development, `app dev`: from a saved file to the new server, and no connection is refused in between.
//!
//! ```text
//! watch -> changes -> inner_loop: generate, build, start -> ready -> the old server drains
//! ```
//!
//! The sockets belong to this process ([`sockets`]), and every server inherits them, as under a service manager: a connection that
//! is not accepted yet waits for the next server. A server says when it is ready, and only then the one before it is asked to stop.
//! If a step fails, the server that runs goes on.

mod build;
mod changes;
mod command;
mod group;
mod inner_loop;
mod project;
mod server;
mod sockets;
mod tether;
mod watch;

use crate::bootloader::{Bootloader, Init};

pub(crate) use tether::tie_to_parent;

/// The command `dev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DevBootloader;

impl Bootloader for DevBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<command::Dev>();
    }
}
