//! Proxies in front of the server, and what they say at the beginning of a connection.
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ppp::v2::{Addresses, Command, Header};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;
use tracing::debug;

use crate::call::{Network, Peer, PeerAddress};

/// The proxies in front of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyConfig {
    /// The addresses of proxies whose word is taken for who calls: by the header `x-forwarded-for`, and by `protocol`. Default
    /// none.
    pub trusted: Vec<Network>,
    /// Whether their connections begin with a header of the PROXY protocol, version 2. Default no.
    pub protocol: bool,
}

/// The bytes before the addresses: a signature, the version, the kind, the length.
const HEAD: usize = 16;

/// The longest header that is read, in bytes: addresses of Unix sockets, and room for what a proxy adds.
const LONGEST: usize = 2 << 10;

/// Whom a connection of this proxy is for, which it says at its beginning. `None` is a connection that is over.
pub(super) async fn peer<I: AsyncRead + Unpin>(
    io: &mut I,
    proxy: Peer,
    limit: Duration,
) -> Option<Peer> {
    match timeout(limit, announced(io)).await {
        Ok(Ok(Some(address))) => Some(proxy.for_address(address)),
        Ok(Ok(None)) => Some(proxy),
        Ok(Err(error)) => {
            debug!(proxy = %proxy.address(), %error, "a connection was closed");
            None
        }
        Err(_) => {
            debug!(
                proxy = %proxy.address(),
                "a connection was closed: no header of the PROXY protocol in time \
                 (`server.timeouts.first_byte`)"
            );
            None
        }
    }
}

/// Reads the header of the PROXY protocol, and returns the address in it; nothing where the proxy speaks for itself.
///
/// # Errors
/// There is none, or it cannot be read.
async fn announced<I: AsyncRead + Unpin>(io: &mut I) -> io::Result<Option<PeerAddress>> {
    let mut bytes = vec![0; HEAD];
    io.read_exact(&mut bytes).await?;
    if !bytes.starts_with(ppp::v2::PROTOCOL_PREFIX) {
        return Err(invalid("it has no header of the PROXY protocol"));
    }
    let length = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if length > LONGEST {
        return Err(invalid("its header of the PROXY protocol is too long"));
    }
    bytes.resize(HEAD + length, 0);
    io.read_exact(&mut bytes[HEAD..]).await?;
    let header = Header::try_from(&bytes[..]).map_err(|error| invalid(&error.to_string()))?;
    if header.command == Command::Local {
        return Ok(None);
    }
    Ok(match header.addresses {
        Addresses::IPv4(addresses) => {
            let address = SocketAddr::from((addresses.source_address, addresses.source_port));
            Some(PeerAddress::Tcp(address))
        }
        Addresses::IPv6(addresses) => {
            let address = SocketAddr::from((addresses.source_address, addresses.source_port));
            Some(PeerAddress::Tcp(address))
        }
        Addresses::Unix(_) => Some(PeerAddress::Unix),
        Addresses::Unspecified => None,
    })
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
