//! One question to a server's health service, and what can come of it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nautil_grpc::client::{
    Channel, ClientConfig, Failure, FailureKind, Host, PinFault, Target, connect_pinned,
};
use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse, ServingStatus};
use nautil_grpc::server::{Listen, ServerConfig, TlsConfig};
use nautil_grpc::{Code, Request, Status, code_name};
use parking_lot::Mutex;
use tokio::net::{TcpStream, UnixStream};

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// Who is asked, and how.
#[derive(Debug)]
pub(super) struct Probe {
    site: Site,
    /// With a certificate, it is asked over TLS.
    tls: TlsConfig,
    /// What to say of one that speaks something else.
    hint: Option<&'static str>,
}

/// Who is asked, and who said so: a config key or a flag.
#[derive(Debug, Clone)]
pub(super) struct Site {
    address: Listen,
    origin: &'static str,
}

/// Why there was no TLS, told by the connector, whose own error says less.
type Untold = Arc<Mutex<Option<PinFault>>>;

/// Why a server is not known to serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unhealthy {
    #[error("{0} leaves the port to the system: name the one that it took with --address")]
    AnyPort(Site),
    #[error(
        "{0} asks for a client certificate (`server.tls.client_ca`), and a probe has none: set `server.management.listen`, and \
         that port is asked"
    )]
    Mutual(Site),
    #[error("--tls is for a TCP address: leave it out for a Unix socket")]
    SocketOverTls,
    #[error("--tls trusts the certificate of `server.tls.certificate`, which is not set")]
    NothingToTrust,
    #[error(
        "{server} shows another certificate than `{}` (`server.tls.certificate`): is it another server, or was the file \
         replaced just now?",
        certificate.display()
    )]
    AnotherCertificate { server: Site, certificate: PathBuf },
    #[error("{server} cannot be trusted: {fault}")]
    Certificate { server: Site, fault: String },
    #[error("{server} cannot be reached over TLS: {fault}; is the server running, and with TLS?")]
    Tls { server: Site, fault: String },
    #[error("{server} cannot be asked: `{name}` is no host name")]
    Name { server: Site, name: String },
    #[error(
        "{0} is NOT_SERVING: it starts, one of its health checks fails (`/readyz` on its management port says which), or it \
         finishes its last calls before it stops"
    )]
    NotServing(Site),
    #[error(
        "{server} answered with status {status}, which says nothing: is it another program's health service?"
    )]
    Strange { server: Site, status: i32 },
    #[error(
        "{server} does not know the service `{service}` (SERVICE_UNKNOWN); `grpc:services` lists those that it should"
    )]
    UnknownService { server: Site, service: String },
    #[error(
        "{server} did not answer within {}: is a handler blocking it, or is --timeout too short?",
        humantime::format_duration(*limit)
    )]
    Late { server: Site, limit: Duration },
    #[error("{server} {what}: {message}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    Failed {
        server: Site,
        what: &'static str,
        message: String,
        hint: Option<&'static str>,
    },
}

impl Probe {
    /// Asks the server that this configuration makes, on its management port if it has one.
    pub(super) fn of(config: &ServerConfig) -> Self {
        let Some(management) = &config.management.listen else {
            return Self {
                site: Site::new(reachable(&config.listen), "server.listen"),
                tls: config.tls.clone(),
                hint: None,
            };
        };
        Self {
            site: Site::new(reachable(management), "server.management.listen"),
            tls: TlsConfig::default(),
            hint: None,
        }
    }

    /// Asks at an address, without TLS.
    pub(super) fn plain(address: Listen, config: &ServerConfig) -> Self {
        let has_tls = config.tls.certificate.is_some();
        Self {
            site: Site::new(address, "--address"),
            tls: TlsConfig::default(),
            hint: has_tls.then_some("is it the port with TLS? then say --tls"),
        }
    }

    /// Asks at an address, over TLS.
    ///
    /// # Errors
    /// The config names no certificate, or the address is that of a Unix socket.
    pub(super) fn pinned(address: Listen, config: &ServerConfig) -> Result<Self, Unhealthy> {
        if let Listen::Unix(_) = address {
            return Err(Unhealthy::SocketOverTls);
        }
        if config.tls.certificate.is_none() {
            return Err(Unhealthy::NothingToTrust);
        }
        Ok(Self {
            site: Site::new(address, "--address"),
            tls: config.tls.clone(),
            hint: None,
        })
    }

    /// One call of `Check` over a connection of its own.
    ///
    /// # Errors
    /// Everything but SERVING.
    pub(super) async fn check(self, service: String, timeout: Duration) -> Result<(), Unhealthy> {
        if self.tls.certificate.is_some() && self.tls.client_ca.is_some() {
            return Err(Unhealthy::Mutual(self.site));
        }
        let config = ClientConfig {
            host: Some(self.host()?),
            deadline: timeout,
            // The deadline is to come first.
            connect_timeout: timeout.saturating_mul(2),
            ..ClientConfig::default()
        };
        let untold = Untold::default();
        let channel = self.channel(&config, &untold);
        let request = Request::new(HealthCheckRequest {
            service: service.clone(),
        });
        let answer = channel.unary(CHECK, request).await;
        let answer: HealthCheckResponse = match answer {
            Ok(response) => response.into_inner(),
            Err(status) => {
                return Err(match untold.lock().take() {
                    Some(fault) => self.untrusted(fault),
                    None => self.failed(&status, service),
                });
            }
        };
        match ServingStatus::try_from(answer.status) {
            Ok(ServingStatus::Serving) => Ok(()),
            Ok(ServingStatus::NotServing) => Err(Unhealthy::NotServing(self.site)),
            Ok(ServingStatus::ServiceUnknown) => Err(Unhealthy::UnknownService {
                server: self.site,
                service,
            }),
            Ok(ServingStatus::Unknown) | Err(_) => Err(Unhealthy::Strange {
                server: self.site,
                status: answer.status,
            }),
        }
    }

    fn host(&self) -> Result<Host, Unhealthy> {
        if let Listen::Tcp { port: 0, .. } = &self.site.address {
            return Err(Unhealthy::AnyPort(self.site.clone()));
        }
        let address = self.site.address.to_string();
        address.parse().map_err(|_| Unhealthy::Name {
            server: self.site.clone(),
            name: match &self.site.address {
                Listen::Tcp { host, .. } => host.clone(),
                Listen::Unix(_) => address,
            },
        })
    }

    /// Connects at the first call.
    fn channel(&self, config: &ClientConfig, untold: &Untold) -> Channel {
        let target = Target {
            service: "grpc.health.v1.Health",
            variable: self.site.origin,
        };
        match (self.site.address.clone(), self.tls.certificate.clone()) {
            (Listen::Tcp { host, port }, Some(certificate)) => {
                let untold = Arc::clone(untold);
                Channel::over(target, config, move || {
                    let (host, certificate) = (host.clone(), certificate.clone());
                    let untold = Arc::clone(&untold);
                    async move {
                        let connected = connect_pinned(&host, port, &certificate).await;
                        connected.map_err(|fault| {
                            *untold.lock() = Some(fault);
                            io::Error::other("no TLS")
                        })
                    }
                })
            }
            (Listen::Tcp { host, port }, None) => Channel::over(target, config, move || {
                let host = host.clone();
                async move { TcpStream::connect((host.as_str(), port)).await }
            }),
            (Listen::Unix(path), _) => {
                Channel::over(target, config, move || UnixStream::connect(path.clone()))
            }
        }
    }

    fn untrusted(self, fault: PinFault) -> Unhealthy {
        match fault {
            PinFault::File(fault) => Unhealthy::Certificate {
                server: self.site,
                fault: fault.to_string(),
            },
            PinFault::AnotherCertificate => Unhealthy::AnotherCertificate {
                certificate: self.tls.certificate.clone().unwrap_or_default(),
                server: self.site,
            },
            PinFault::Io(fault) => Unhealthy::Tls {
                server: self.site,
                // The system's own text comes with its number.
                fault: match fault.raw_os_error() {
                    Some(_) => fault.kind().to_string(),
                    None => fault.to_string(),
                },
            },
        }
    }

    fn failed(self, status: &Status, service: String) -> Unhealthy {
        let failure = Failure::of(status);
        let own_hint = self.hint;
        let kind = failure.map_or(FailureKind::Unreadable, Failure::kind);
        let what = match kind {
            FailureKind::Answered if status.code() == Code::NotFound => {
                return Unhealthy::UnknownService {
                    server: self.site,
                    service,
                };
            }
            FailureKind::DeadlineExceeded { limit } => {
                return Unhealthy::Late {
                    server: self.site,
                    limit,
                };
            }
            FailureKind::Answered => "answered",
            FailureKind::Unreachable => "cannot be reached",
            FailureKind::NotGrpc => "is no gRPC server",
            FailureKind::Interrupted => "broke off",
            _ => "sent what is no answer",
        };
        Unhealthy::Failed {
            server: self.site,
            what,
            message: format!(
                "{}: {}",
                code_name(status.code()),
                status.message().replace(char::is_control, " ")
            ),
            hint: if kind == FailureKind::Unreachable {
                failure.and_then(Failure::hint)
            } else {
                own_hint.or(failure.and_then(Failure::hint))
            },
        }
    }
}

impl Site {
    fn new(address: Listen, origin: &'static str) -> Self {
        Self { address, origin }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.address, self.origin)
    }
}

/// The address to connect to: one that stands for every interface stands for this machine here.
fn reachable(listen: &Listen) -> Listen {
    let Listen::Tcp { host, port } = listen else {
        return listen.clone();
    };
    let loopback: IpAddr = match host.parse() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return listen.clone(),
    };
    Listen::Tcp {
        host: loopback.to_string(),
        port: *port,
    }
}
