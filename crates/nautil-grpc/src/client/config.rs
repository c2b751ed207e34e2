//! How a client connects.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Host;
use crate::units::{MAX_MESSAGE, size};
use crate::{Encoding, Encodings};

/// Where one client connects, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// The server; a name stands for all its addresses. Without it the client can be made, and every call fails with
    /// `FAILED_PRECONDITION`.
    pub host: Option<Host>,
    /// How long a call may take, with its unit: `"10s"`. It holds where the caller set no timeout on the request.
    ///
    /// A call that answers with one message has this long in all, connecting included, and the server is told so by
    /// `grpc-timeout`. A call that answers with a stream has this long until the response headers; the stream may then
    /// last as long as it likes, so the server is told nothing.
    #[serde(with = "crate::units::duration")]
    pub deadline: Duration,
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
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            host: None,
            deadline: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_receive_message: 4 << 20,
            compression: CompressionConfig::default(),
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
