//! The client's side: one [`Channel`] to each service, and what a failed call says.
//!
//! Reading order: `host`, `target` and `config` (where to, and how), `channel` (a call is made),
//! `failure` and `describe` (a call failed). The works:
//!
//! ```text
//! channel -> call (deadline) -> send -> pool (resolve) -> slot -> dial (tls, greeting)
//!               |                 |
//!            response       request, outgoing
//! ```

mod agent;
mod call;
mod channel;
mod config;
mod connect_error;
mod deadline;
mod describe;
mod dial;
mod direct;
mod failure;
mod greeting;
mod host;
mod intercepted;
mod outgoing;
mod pin;
mod pool;
mod request;
mod resolve;
mod response;
mod response_metadata;
mod send;
mod slot;
mod status;
mod target;
mod terms;
mod tls;
mod upstream;

pub use crate::code::code_name;
pub use channel::Channel;
pub use config::{ClientConfig, CompressionConfig, TlsConfig};
pub use connect_error::ConnectError;
pub use describe::describe;
pub use failure::{Failure, FailureKind};
pub use host::{Host, HostError};
pub use pin::{PinFault, connect_pinned};
pub use resolve::{Resolve, SystemResolver};
pub use response_metadata::ResponseMetadata;
pub use target::Target;
