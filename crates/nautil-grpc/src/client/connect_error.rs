//! A config that no channel can be made of.

use std::path::PathBuf;

use super::Host;
use crate::tls::FileError;

/// A [`ClientConfig`](super::ClientConfig) that no channel can be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A TLS key beside a host without TLS: the call would go out in the clear.
    #[error(
        "`tls.{key}` is set, but {variable} is `{host}`: write `https://` before the host, or unset `tls.{key}`"
    )]
    TlsWithoutHttps {
        /// The variable that sets the host.
        variable: &'static str,
        /// The host.
        host: Host,
        /// The key in `tls`.
        key: &'static str,
    },
    /// A limit of zero would fail every call.
    #[error("`{key}` of {service} is zero: every call would fail")]
    Zero {
        /// The service.
        service: &'static str,
        /// The key.
        key: &'static str,
    },
    /// The file of `tls.ca` cannot be read.
    #[error("cannot read `{}`, the `tls.ca` of {service}", path.display())]
    ReadCa {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of `tls.ca` has nothing to trust.
    #[error("`{}`, the `tls.ca` of {service}, holds no PEM certificate", path.display())]
    NoCertificate {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("{service} has `tls.{present}` and no `tls.{missing}`: the client's identity is both")]
    HalfIdentity {
        /// The service.
        service: &'static str,
        /// The key in `tls` that is set.
        present: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A file of the client's own identity cannot be used.
    #[error("the client of {service} {source}")]
    Identity {
        /// The service.
        service: &'static str,
        /// The file, and what is wrong with it.
        source: FileError,
    },
    /// TLS cannot be set up: a bad `tls.domain`, or a system without root certificates.
    #[error("cannot set up TLS to `{host}`, the {variable}")]
    Tls {
        /// The variable that sets the host.
        variable: &'static str,
        /// The host.
        host: Host,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
