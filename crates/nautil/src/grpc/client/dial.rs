//! Sockets: from a host to a connection that is opened at the first call, and again whenever it broke.

use std::net::SocketAddr;
use std::time::Duration;
use std::{fs, io, vec};

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tower::{ServiceExt, service_fn};

use super::host::Address;
use super::{ClientConfig, ConnectError, Host, Target};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Finds a peer that went away without a word; below the five minutes after which many firewalls forget a connection.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// All that opening a connection takes.
#[derive(Debug)]
pub(super) struct Dialer {
    endpoint: Endpoint,
    address: Address,
    connect_timeout: Duration,
}

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("the name `{name}` does not resolve")]
pub(super) struct Unresolved {
    name: String,
    source: io::Error,
}

/// A peer that accepts no connection, and refuses none.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {}", humantime::format_duration(*.0))]
pub(super) struct ConnectTimedOut(Duration);

impl Dialer {
    /// Reads the CA file; opens nothing.
    pub(super) fn new(
        target: Target,
        host: &Host,
        config: &ClientConfig,
    ) -> Result<Self, ConnectError> {
        let endpoint = match host.address() {
            Address::Tcp { authority, tls } => {
                let scheme = if *tls { "https" } else { "http" };
                Endpoint::from_shared(format!("{scheme}://{authority}"))
                    .expect("a parsed host is a name and a port")
            }
            // The authority that gRPC defines for Unix sockets.
            Address::Unix(_) => Endpoint::from_static("http://localhost"),
        };
        let endpoint = endpoint
            .user_agent(concat!("nautil/", env!("CARGO_PKG_VERSION")))
            .expect("a crate's version is a header value");
        let endpoint = if host.is_tls() {
            endpoint
                .tls_config(tls(target, config)?)
                .map_err(|source| ConnectError::Tls {
                    variable: target.variable,
                    host: host.clone(),
                    source: source.into(),
                })?
        } else {
            refuse_tls_keys(target, host, config)?;
            endpoint
        };
        Ok(Self {
            endpoint,
            address: host.address().clone(),
            connect_timeout: config.connect_timeout,
        })
    }

    /// Needs a tokio runtime, which drives the connection from then on.
    pub(super) fn open(&self) -> tonic::transport::Channel {
        let limit = self.connect_timeout;
        match &self.address {
            Address::Tcp { .. } => {
                let mut tcp = HttpConnector::new_with_resolver(service_fn(resolve));
                tcp.enforce_http(false);
                tcp.set_nodelay(true);
                tcp.set_keepalive(Some(TCP_KEEPALIVE));
                self.endpoint
                    .connect_with_connector_lazy(service_fn(move |uri| {
                        within(limit, tcp.clone().oneshot(uri))
                    }))
            }
            Address::Unix(path) => {
                let path = path.clone();
                self.endpoint
                    .connect_with_connector_lazy(service_fn(move |_| {
                        let path = path.clone();
                        within(limit, async move {
                            UnixStream::connect(path).await.map(TokioIo::new)
                        })
                    }))
            }
        }
    }
}

fn refuse_tls_keys(target: Target, host: &Host, config: &ClientConfig) -> Result<(), ConnectError> {
    let key = match (&config.tls.ca, &config.tls.domain) {
        (Some(_), _) => "ca",
        (None, Some(_)) => "domain",
        (None, None) => return Ok(()),
    };
    Err(ConnectError::TlsWithoutHttps {
        variable: target.variable,
        host: host.clone(),
        key,
    })
}

fn tls(target: Target, config: &ClientConfig) -> Result<ClientTlsConfig, ConnectError> {
    let tls = ClientTlsConfig::new().timeout(config.connect_timeout);
    let tls = match &config.tls.ca {
        Some(path) => {
            let pem = fs::read(path).map_err(|source| ConnectError::ReadCa {
                service: target.service,
                path: path.clone(),
                source,
            })?;
            // tonic takes a file without certificates, and then trusts nobody.
            if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                return Err(ConnectError::NoCertificate {
                    service: target.service,
                    path: path.clone(),
                });
            }
            tls.ca_certificate(Certificate::from_pem(pem))
        }
        None => tls.with_native_roots(),
    };
    Ok(match &config.tls.domain {
        Some(domain) => tls.domain_name(domain),
        None => tls,
    })
}

async fn within<T, E: Into<BoxError>>(
    limit: Duration,
    connecting: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    match timeout(limit, connecting).await {
        Ok(connected) => connected.map_err(Into::into),
        Err(_) => Err(ConnectTimedOut(limit).into()),
    }
}

async fn resolve(name: Name) -> Result<vec::IntoIter<SocketAddr>, Unresolved> {
    match tokio::net::lookup_host((name.as_str(), 0)).await {
        Ok(addresses) => Ok(addresses.collect::<Vec<_>>().into_iter()),
        Err(source) => Err(Unresolved {
            name: name.to_string(),
            source,
        }),
    }
}
