//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use tokio_rustls::rustls::ProtocolVersion;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::certificate::Certificate;
use super::forwarded;
use super::network::Network;

/// Who is at the other end of a connection: its address, and what it proved by TLS.
///
/// All calls of a connection have the same peer, unless a trusted proxy (`server.proxies`) says for whom it calls.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    address: PeerAddress,
    /// Where the connection comes from, if that is a proxy.
    proxy: Option<PeerAddress>,
    /// The proxies to believe, if the connection comes from one of them.
    trusted: Option<Arc<[Network]>>,
    tls: Option<Arc<TlsPeer>>,
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
    /// An address that a trusted proxy names.
    Forwarded(IpAddr),
}

/// What a peer proved by TLS.
#[derive(Debug)]
struct TlsPeer {
    version: Option<ProtocolVersion>,
    certificates: Vec<CertificateDer<'static>>,
    /// The first of them, read when somebody asks.
    certificate: OnceLock<Option<Certificate>>,
}

impl Peer {
    /// `proxies` are those to believe.
    pub(crate) fn new(address: PeerAddress, proxies: &Arc<[Network]>) -> Self {
        let is_proxy = |address| proxies.iter().any(|network| network.contains(address));
        Self {
            address,
            proxy: None,
            trusted: address
                .ip()
                .filter(|ip| is_proxy(*ip))
                .map(|_| Arc::clone(proxies)),
            tls: None,
        }
    }

    /// Whether the connection comes from a proxy that is believed.
    pub(crate) fn is_trusted_proxy(&self) -> bool {
        self.trusted.is_some()
    }

    /// The same connection, for the address that its proxy names.
    ///
    /// What that address says of others is believed only where it is one of a trusted proxy itself.
    pub(crate) fn for_address(mut self, address: PeerAddress) -> Self {
        self.proxy = Some(self.address);
        self.address = address;
        self.trusted = self.trusted.filter(|trusted| {
            let mut trusted = trusted.iter();
            address
                .ip()
                .is_some_and(|ip| trusted.any(|network| network.contains(ip)))
        });
        self
    }

    /// The peer of one call, whose headers may say for whom a trusted proxy makes it.
    pub(crate) fn of_call(self: Arc<Self>, headers: &HeaderMap) -> Arc<Self> {
        let Some(trusted) = &self.trusted else {
            return self;
        };
        match forwarded::caller(headers, trusted) {
            Some(caller) => {
                let address = PeerAddress::Forwarded(caller);
                Arc::new(Self::clone(&self).for_address(address))
            }
            None => self,
        }
    }

    /// Adds what the handshake brought to light.
    pub(crate) fn with_tls(
        mut self,
        version: Option<ProtocolVersion>,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Self {
        self.tls = Some(Arc::new(TlsPeer {
            version,
            certificates,
            certificate: OnceLock::new(),
        }));
        self
    }

    /// Where the call comes from: the other end of the connection, or what a trusted proxy there says. Behind a proxy that is not
    /// trusted, it is the proxy.
    #[must_use]
    pub fn address(&self) -> PeerAddress {
        self.address
    }

    /// The trusted proxy that the call came through, if there is one.
    #[must_use]
    pub fn proxy(&self) -> Option<PeerAddress> {
        self.proxy
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

    /// What the peer's own certificate says of it: subject, names, SPIFFE ID. Nothing where it showed none.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        let tls = self.tls.as_ref()?;
        let read = || Certificate::read(tls.certificates.first()?);
        tls.certificate.get_or_init(read).as_ref()
    }
}

impl PeerAddress {
    /// The IP address, where there is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Forwarded(address) => Some(*address),
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
            Self::Forwarded(address) => address.fmt(formatter),
        }
    }
}
