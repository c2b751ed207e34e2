//! Where the calls of a channel go: the scheme and the authority that requests name, and the connections.

use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;

use super::dial::{Dialer, Place};
use super::host::Address;
use super::pool::{Name, Pool};
use super::tls::Tls;
use super::{ClientConfig, ConnectError, Host, Resolve, Target};
use crate::call::LONGEST;
use crate::units::Limit;

/// Where the calls of a channel go.
#[derive(Debug)]
pub(super) struct Upstream {
    /// The scheme and the authority of every request.
    pub(super) origin: Uri,
    pub(super) pool: Arc<Pool>,
}

impl Upstream {
    pub(super) fn network(
        target: Target,
        host: &Host,
        config: &ClientConfig,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, ConnectError> {
        let tls = match host.address() {
            Address::Tcp {
                name, tls: true, ..
            } => Some(Tls::new(target, host, name, &config.tls)?),
            _ => {
                refuse_tls_keys(target, host, config)?;
                None
            }
        };
        let dialer = Dialer {
            tls,
            connect_timeout: config.connect_timeout.min(LONGEST),
            open: None,
        };
        let pool = match host.address() {
            Address::Unix(path) => Pool::of_place(dialer, Place::Unix(path.clone())),
            Address::Tcp { name, port, .. } => match name.parse::<IpAddr>() {
                Ok(ip) => Pool::of_place(dialer, Place::Tcp((ip, *port).into())),
                Err(_) => {
                    let name = Name {
                        name: name.clone(),
                        port: *port,
                        resolver,
                    };
                    Pool::of_name(dialer, name)
                }
            },
        };
        Ok(Self {
            origin: origin(host),
            pool: Arc::new(pool),
        })
    }
}

pub(super) fn origin(host: &Host) -> Uri {
    match host.address() {
        Address::Tcp { name, port, tls } => {
            let scheme = if *tls { "https" } else { "http" };
            let uri = if name.contains(':') {
                format!("{scheme}://[{name}]:{port}")
            } else {
                format!("{scheme}://{name}:{port}")
            };
            uri.parse().expect("a parsed host is a name and a port")
        }
        // The authority that gRPC defines for Unix sockets.
        Address::Unix(_) => Uri::from_static("http://localhost"),
    }
}

fn refuse_tls_keys(target: Target, host: &Host, config: &ClientConfig) -> Result<(), ConnectError> {
    let tls = &config.tls;
    let keys = [
        ("ca", tls.ca.is_some()),
        ("domain", tls.domain.is_some()),
        ("certificate", tls.certificate.is_some()),
        ("key", tls.key.is_some()),
    ];
    let Some((key, _)) = keys.into_iter().find(|(_, is_set)| *is_set) else {
        return Ok(());
    };
    Err(ConnectError::TlsWithoutHttps {
        variable: target.variable,
        host: host.clone(),
        key,
    })
}

pub(super) fn refuse_zero(target: Target, config: &ClientConfig) -> Result<(), ConnectError> {
    let is_zero = |limit: Limit| limit.0.is_some_and(|limit| limit.is_zero());
    let key = if is_zero(config.deadline) {
        "deadline"
    } else if is_zero(config.stream_deadline) {
        "stream_deadline"
    } else if config.connect_timeout.is_zero() {
        "connect_timeout"
    } else if config.max_receive_message == 0 {
        "max_receive_message"
    } else {
        return Ok(());
    };
    Err(ConnectError::Zero {
        service: target.service,
        key,
    })
}
