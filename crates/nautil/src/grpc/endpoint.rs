//! The server that a probe asks: its address, and the config key or flag that named it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nautil_grpc::server::Listen;

/// An address to connect to. Errors show it with its origin: `127.0.0.1:9001 (server.listen)`.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) address: Listen,
    /// The config key or the flag that the address comes from.
    pub(super) origin: &'static str,
}

impl Endpoint {
    /// An address that a person named as the one to connect to.
    pub(super) fn named(address: Listen, origin: &'static str) -> Self {
        Self { address, origin }
    }

    /// The address that leads to a server which listens at `listen`.
    ///
    /// `0.0.0.0` and `[::]` stand for every interface of a machine and can only be listened on. The probe runs on the same
    /// machine, so it goes by the loopback interface.
    pub(super) fn of_listener(listen: &Listen, origin: &'static str) -> Self {
        let mut address = listen.clone();
        if let Listen::Tcp { host, .. } = &mut address {
            match host.parse() {
                Ok(IpAddr::V4(ip)) if ip.is_unspecified() => {
                    *host = Ipv4Addr::LOCALHOST.to_string();
                }
                Ok(IpAddr::V6(ip)) if ip.is_unspecified() => {
                    *host = Ipv6Addr::LOCALHOST.to_string();
                }
                _ => {}
            }
        }
        Self { address, origin }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.address, self.origin)
    }
}
