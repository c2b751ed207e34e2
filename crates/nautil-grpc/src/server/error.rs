//! What can go wrong before the first call: taking the address, starting the workers, putting the services together.

use std::io;

use super::listen::Listen;
use crate::tls::FileError;
use crate::{MethodPattern, UnknownInterceptor};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be had. The text says what to do, but not how another address is set: that is the application's.
    #[error("cannot listen on {listen} (`{key}`): {fault}")]
    Bind {
        /// The key that asks for it: `server.listen`.
        key: &'static str,
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
    #[error("cannot watch the socket of {listen}")]
    Listener {
        /// The address that was bound.
        listen: Listen,
        /// What the system said.
        source: io::Error,
    },
    /// A file of `server.tls` cannot be used.
    #[error(transparent)]
    Tls(#[from] FileError),
    /// A worker's thread or runtime cannot be had.
    #[error("cannot start worker {number} (`server.workers`)")]
    Worker {
        /// The worker's number, from 1.
        number: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The thread of the management port, or its runtime, cannot be had.
    #[error("cannot start the thread of the management port (`server.management.listen`)")]
    Management {
        /// What the system said.
        source: io::Error,
    },
    /// The thread of the health checks, or its runtime, cannot be had.
    #[error("cannot start the thread of the health checks")]
    Health {
        /// What the system said.
        source: io::Error,
    },
    /// A health check speaks for a service that is not served.
    #[error("health check `{check}` speaks for the service `{service}`, which is not served")]
    UnknownService {
        /// The check's name.
        check: String,
        /// The name that no service has.
        service: &'static str,
    },
    /// A table of `server.methods` is for methods that are not served.
    #[error("`server.methods` has `{pattern}`, which is no method that is served; there are {}", served.join(", "))]
    UnknownMethod {
        /// What the table is for.
        pattern: MethodPattern,
        /// The methods that are served.
        served: Vec<String>,
    },
    /// The config names an interceptor that there is not.
    #[error(
        "`{key}` names the interceptor `{name}`, which there is not; {}",
        listed(known)
    )]
    UnknownInterceptor {
        /// The key: `server.interceptors`.
        key: String,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The config names an interceptor twice in one list.
    #[error("`{key}` names the interceptor `{name}` twice")]
    NamedTwice {
        /// The key: `server.interceptors`.
        key: String,
        /// The name.
        name: String,
    },
    /// An interceptor is for methods that are not served.
    #[error("the interceptor `{interceptor}` is for `{pattern}`, which is no method that is served; there are {}", served.join(", "))]
    UnknownCalls {
        /// The name of the interceptor.
        interceptor: &'static str,
        /// What it is for.
        pattern: MethodPattern,
        /// The methods that are served.
        served: Vec<String>,
    },
    /// Two interceptors have one name.
    #[error("two interceptors are named `{name}`")]
    InterceptorTwice {
        /// The name.
        name: &'static str,
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

impl From<UnknownInterceptor> for Error {
    fn from(UnknownInterceptor { name, known }: UnknownInterceptor) -> Self {
        let key = "server.interceptors".to_owned();
        Self::UnknownInterceptor { key, name, known }
    }
}

/// The words for the interceptors that there are.
fn listed(names: &[String]) -> String {
    match names {
        [] => "there are none".to_owned(),
        names => format!("there are {}", names.join(", ")),
    }
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

/// Why an address cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindFault {
    /// Somebody listens there already.
    #[error("the address is in use; stop the other process")]
    InUse,
    /// The system does not let this user listen there.
    #[error("permission denied; take a port above 1023 or a directory of your own")]
    Denied,
    /// No interface of this machine has the address.
    #[error("no interface of this machine has this address")]
    NotAvailable,
    /// The host name means nothing here.
    #[error("the host name does not resolve")]
    Unresolved,
    /// The directory of the socket file does not exist.
    #[error("the directory does not exist; create it")]
    NoDirectory,
    /// There is a file of that name that is no socket.
    #[error("a file that is no socket has this name; remove it")]
    NotASocket,
    /// Anything else.
    #[error("{0}")]
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
