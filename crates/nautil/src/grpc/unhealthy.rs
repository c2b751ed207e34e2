//! Why a probe does not know that a server serves, in the words that `health` prints.

use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::Endpoint;

/// Why a server is not known to serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unhealthy {
    #[error("{0} leaves the port to the system: name the one that it took with --address")]
    AnyPort(Endpoint),
    #[error(
        "{0} asks for a client certificate (`server.tls.client_ca`), and a probe has none: set `server.management.listen`, and \
         that port is asked"
    )]
    Mutual(Endpoint),
    #[error("--tls is for a TCP address: leave it out for a Unix socket")]
    SocketOverTls,
    #[error("--tls trusts the certificate of `server.tls.certificate`, which is not set")]
    NothingToTrust,
    #[error(
        "{server} shows another certificate than `{}` (`server.tls.certificate`): is it another server, or was the file \
         replaced just now?",
        certificate.display()
    )]
    AnotherCertificate {
        server: Endpoint,
        certificate: PathBuf,
    },
    #[error("{server} cannot be trusted: {fault}")]
    Certificate { server: Endpoint, fault: String },
    #[error("{server} cannot be reached over TLS: {fault}; is the server running, and with TLS?")]
    Tls { server: Endpoint, fault: String },
    #[error("{server} cannot be asked: `{name}` is no host name")]
    Name { server: Endpoint, name: String },
    #[error(
        "{0} is NOT_SERVING: it starts, one of its health checks fails (`/readyz` on its management port says which), or it \
         finishes its last calls before it stops"
    )]
    NotServing(Endpoint),
    #[error(
        "{server} answered with status {status}, which says nothing: is it another program's health service?"
    )]
    Strange { server: Endpoint, status: i32 },
    #[error(
        "{server} does not know the service `{service}` (SERVICE_UNKNOWN); `grpc:services` lists those that it should"
    )]
    UnknownService { server: Endpoint, service: String },
    #[error(
        "{server} did not answer within {}: is a handler blocking it, or is --timeout too short?",
        humantime::format_duration(*limit)
    )]
    Late { server: Endpoint, limit: Duration },
    #[error("{server} {what}: {message}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    Failed {
        server: Endpoint,
        what: &'static str,
        message: String,
        hint: Option<&'static str>,
    },
}
