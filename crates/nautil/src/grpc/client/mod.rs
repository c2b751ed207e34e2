//! The client's side: one [`Channel`] to each service, and what a failed call says.
//!
//! Reading order: `host` and `config` (where to, and how), `connect` (a channel is made), `channel` (a call is made),
//! `failure` and `describe` (a call failed). The works:
//!
//! ```text
//! channel -> call (deadline) -> tonic -> wire -> send -> pool (resolve) -> slot -> dial (tls, greeting)
//!                                                     |
//!                                  outgoing (outbound), incoming
//! ```

mod call;
mod channel;
mod config;
mod connect;
mod deadline;
mod describe;
mod dial;
mod failure;
mod greeting;
mod host;
mod incoming;
mod outbound;
mod outgoing;
mod pool;
mod resolve;
mod send;
mod slot;
mod tls;
mod wire;

pub use channel::Channel;
pub use config::{ClientConfig, TlsConfig};
pub use connect::{Connect, ConnectError, NetworkConnect, Target};
pub use describe::{code_name, describe};
pub use failure::{Failure, Reason};
pub use host::{Host, HostError};
pub use resolve::{Resolve, SystemResolver};
