//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// Who is at the other end of a connection: its address, and what it proved by TLS.
///
/// All calls of a connection have the same peer.
#[derive(Debug, Default)]
pub struct Peer {
    address: PeerAddress,
    tls: Option<TlsPeer>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerAddress {
    /// Nobody said, as for a connection in memory.
    #[default]
    Unknown,
    /// A TCP socket.
    Tcp(SocketAddr),
    /// A Unix socket. Those who connect to one have no name.
    Unix,
}

/// What a peer proved by TLS.
#[derive(Debug)]
struct TlsPeer {
    version: Option<ProtocolVersion>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Peer {
    pub(crate) fn new(address: PeerAddress) -> Self {
        Self { address, tls: None }
    }

    /// Adds what the handshake brought to light.
    pub(crate) fn with_tls(
        mut self,
        version: Option<ProtocolVersion>,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Self {
        self.tls = Some(TlsPeer {
            version,
            certificates,
        });
        self
    }

    /// Where the connection comes from. Behind a proxy that is the proxy.
    #[must_use]
    pub fn address(&self) -> PeerAddress {
        self.address
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The version of TLS, such as `TLSv1.3`; nothing without TLS.
    #[must_use]
    pub fn tls_version(&self) -> Option<&'static str> {
        match self.tls.as_ref()?.version? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The certificates that the peer showed, in DER, its own first. They were verified against `server.tls.client_ca`; there
    /// are none where that is not set.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let certificates = self.tls.iter().flat_map(|tls| &tls.certificates);
        certificates.map(AsRef::as_ref)
    }
}

impl PeerAddress {
    /// The IP address, where there is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix | Self::Unknown => None,
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("unknown"),
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix => formatter.write_str("unix"),
        }
    }
}
