//! How a client connects.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Host;
use crate::units::{Limit, MAX_MESSAGE, size};
use crate::{Encoding, Encodings};

/// Where one client connects, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// The server; a name stands for all its addresses. Without it the client can be made, and every call fails with
    /// `FAILED_PRECONDITION`.
    pub host: Option<Host>,
    /// How long a call may take that is answered with one message, connecting included: a duration with its unit (`"10s"`), or
    /// `"none"`. It holds where the caller set no timeout on the request. The server is told so by `grpc-timeout`; where there is no
    /// deadline, it is told nothing. Default 10 s.
    pub deadline: Limit,
    /// The same for a call that is answered with a stream: from its beginning to the last message. Default `"none"`.
    pub stream_deadline: Limit,
    /// How long name lookup and connecting may take, and then the handshakes of TLS and HTTP/2, with its unit: `"5s"`.
    #[serde(with = "crate::units::duration")]
    pub connect_timeout: Duration,
    /// The largest message that is accepted from the server, with its unit: `"4MiB"`. At most 2 GiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_MESSAGE, _, _>"
    )]
    pub max_receive_message: usize,
    /// How messages are compressed.
    pub compression: CompressionConfig,
    /// The names of the interceptors that calls pass through, in this order, and of no others. Default those that are declared
    /// for the calls of this client.
    pub interceptors: Option<Vec<String>>,
    /// How a server is trusted; for hosts that begin with `https://`.
    pub tls: TlsConfig,
}

/// How the server of an `https` host is trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file with the certificates of the authorities to trust. Default: those of the system.
    pub ca: Option<PathBuf>,
    /// The name that the server's certificate must carry. Default: that of the host.
    pub domain: Option<String>,
    /// A PEM file: the certificate that the client shows to a server which asks for one, and those between it and an authority. It
    /// is read when the client is made.
    pub certificate: Option<PathBuf>,
    /// A PEM file: the private key of the certificate.
    pub key: Option<PathBuf>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            host: None,
            deadline: Duration::from_secs(10).into(),
            stream_deadline: Limit::NONE,
            connect_timeout: Duration::from_secs(5),
            max_receive_message: 4 << 20,
            compression: CompressionConfig::default(),
            interceptors: None,
            tls: TlsConfig::default(),
        }
    }
}

/// How messages are compressed. In text, encodings are lists of names: `["zstd", "gzip"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionConfig {
    /// By what responses may be compressed; the server is told so. Default all of `gzip`, `zstd`, `deflate`.
    pub accept: Encodings,
    /// By what requests are compressed. A server that does not know it answers UNIMPLEMENTED. Default nothing.
    pub send: Option<Encoding>,
    /// The smallest message of a request that is compressed. Default 1 KiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_MESSAGE, _, _>"
    )]
    pub least: usize,
}

impl Default for CompressionConfig {
    fn default() -> Self {
        Self {
            accept: Encodings::ALL,
            send: None,
            least: 1 << 10,
        }
    }
}
