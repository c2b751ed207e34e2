//! What can go wrong before the first call: taking the address, starting the workers, putting the services together.

use std::io;

use super::listen::Listen;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be had.
    #[error("cannot listen on {listen} (`server.listen`): {fault}")]
    Bind {
        /// The address that was asked for.
        listen: Listen,
        /// Why not.
        fault: BindFault,
    },
    /// The socket that was handed over is not one to accept connections from.
    #[error("cannot serve on the socket that was handed over: {fault}")]
    Adopt {
        /// Why not.
        fault: AdoptFault,
    },
    /// The socket is bound, but the runtime cannot watch it.
    #[error("cannot watch the socket of {listen} (`server.listen`)")]
    Listener {
        /// The address that was bound.
        listen: Listen,
        /// What the system said.
        source: io::Error,
    },
    /// A worker's thread or runtime cannot be had.
    #[error("cannot start worker {number} (`server.workers`)")]
    Worker {
        /// The worker's number, from 1.
        number: usize,
        /// What the system said.
        source: io::Error,
    },
    /// One service is mounted twice.
    #[error("service `{name}` is mounted twice")]
    Mounted {
        /// The full protobuf name.
        name: &'static str,
    },
    /// A descriptor set cannot be read.
    #[error("cannot build the reflection service")]
    Reflection {
        /// What tonic-reflection said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a socket that was handed over cannot be served on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptFault {
    /// Nobody called `listen` on it.
    #[error("it does not listen; a systemd socket unit needs `Accept=no` and `ListenStream=`")]
    NotListening,
    /// A Unix socket without a path.
    #[error("it is a Unix socket without a path; give it one")]
    Nameless,
    /// Neither of the two.
    #[error("it is neither a TCP nor a Unix socket")]
    Family,
    /// Anything else.
    #[error("{0}")]
    Other(#[from] io::Error),
}

/// Why an address cannot be had. The text goes on one line behind the address, and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindFault {
    /// Somebody listens there already.
    #[error("the address is in use; stop the other process or set APP_SERVER__LISTEN")]
    InUse,
    /// The system does not let this user listen there.
    #[error(
        "permission denied; take a port above 1023 or a directory of your own, and set APP_SERVER__LISTEN"
    )]
    Denied,
    /// No interface of this machine has the address.
    #[error("no interface of this machine has this address; set APP_SERVER__LISTEN")]
    NotAvailable,
    /// The host name means nothing here.
    #[error(
        "the host name does not resolve; set APP_SERVER__LISTEN to an address such as 127.0.0.1:9001"
    )]
    Unresolved,
    /// The directory of the socket file does not exist.
    #[error("the directory does not exist; create it or set APP_SERVER__LISTEN")]
    NoDirectory,
    /// There is a file of that name that is no socket.
    #[error("a file that is no socket has this name; remove it or set APP_SERVER__LISTEN")]
    NotASocket,
    /// Anything else.
    #[error("{0}; set APP_SERVER__LISTEN")]
    Other(io::Error),
}

impl From<io::Error> for BindFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::AddrNotAvailable => Self::NotAvailable,
            io::ErrorKind::NotFound => Self::NoDirectory,
            _ => Self::Other(error),
        }
    }
}
