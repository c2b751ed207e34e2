//! What is known of one call: its [`Context`], and how long it may take.
//!
//! ```text
//! server: request -> timeout (grpc-timeout) -> current (while the handler runs) -> context (when somebody asks)
//! client: current (what the call being served hands on) -> timeout -> request
//! ```

mod certificate;
mod context;
mod current;
mod forwarded;
mod metadata;
mod network;
mod peer;
mod principal;
mod request_id;
mod task;
mod timeout;

pub use self::certificate::Certificate;
pub use self::context::Context;
pub use self::current::detached;
pub use self::network::{Network, NetworkError};
pub use self::peer::{Peer, PeerAddress};
pub use self::principal::Principal;
pub use self::task::RequestExt;

pub(crate) use self::current::{Current, Inherited, Scope, inherited};
pub(crate) use self::metadata::{OF_THE_CONNECTION, received};
pub(crate) use self::request_id::{REQUEST_ID, sent as sent_request_id};
pub(crate) use self::timeout::{LONGEST, TimeoutFault, format_timeout, parse_timeout};
