//! One question to a server's health service, and what becomes of it.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use nautil_grpc::client::{
    self, Channel, ClientConfig, FailureKind, Host, PinFault, Target, connect_pinned,
};
use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse, ServingStatus};
use nautil_grpc::server::{Listen, ServerConfig, TlsConfig, health_methods};
use nautil_grpc::{Code, Request, Status, code_name};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::Endpoint;
use super::unhealthy::Unhealthy;

/// Which server is asked, and how.
#[derive(Debug)]
pub(super) struct Probe {
    server: Endpoint,
    /// The server is asked over TLS if a certificate is set here.
    tls: TlsConfig,
    /// What to suggest if the server speaks something else than gRPC.
    hint: Option<&'static str>,
}

impl Probe {
    /// Asks the server that this configuration makes, on its management port if it has one.
    pub(super) fn of(config: &ServerConfig) -> Self {
        let Some(management) = &config.management.listen else {
            return Self {
                server: Endpoint::of_listener(&config.listen, "server.listen"),
                tls: config.tls.clone(),
                hint: None,
            };
        };
        Self {
            server: Endpoint::of_listener(management, "server.management.listen"),
            tls: TlsConfig::default(),
            hint: None,
        }
    }

    /// Asks at an address, without TLS.
    pub(super) fn plain(address: Listen, config: &ServerConfig) -> Self {
        let has_tls = config.tls.certificate.is_some();
        Self {
            server: Endpoint::named(address, "--address"),
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
            server: Endpoint::named(address, "--address"),
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
            return Err(Unhealthy::Mutual(self.server));
        }
        let config = ClientConfig {
            host: Some(self.host()?),
            deadline: timeout.into(),
            // The deadline is to come first.
            connect_timeout: timeout.saturating_mul(2),
            ..ClientConfig::default()
        };
        let channel = self.channel(&config);
        let [check, _] = health_methods();
        let request = Request::new(HealthCheckRequest {
            service: service.clone(),
        });
        let answer = channel.unary(check, request).await;
        let answer: HealthCheckResponse = match answer {
            Ok(response) => response.into_inner(),
            Err(status) => {
                return Err(match pin_fault(&status) {
                    Some(fault) => self.no_tls(fault),
                    None => self.failed(&status, service),
                });
            }
        };
        match ServingStatus::try_from(answer.status) {
            Ok(ServingStatus::Serving) => Ok(()),
            Ok(ServingStatus::NotServing) => Err(Unhealthy::NotServing(self.server)),
            Ok(ServingStatus::ServiceUnknown) => Err(Unhealthy::UnknownService {
                server: self.server,
                service,
            }),
            Ok(ServingStatus::Unknown) | Err(_) => Err(Unhealthy::Strange {
                server: self.server,
                status: answer.status,
            }),
        }
    }

    fn host(&self) -> Result<Host, Unhealthy> {
        if let Listen::Tcp { port: 0, .. } = &self.server.address {
            return Err(Unhealthy::AnyPort(self.server.clone()));
        }
        let address = self.server.address.to_string();
        address.parse().map_err(|_| Unhealthy::Name {
            server: self.server.clone(),
            name: match &self.server.address {
                Listen::Tcp { host, .. } => host.clone(),
                Listen::Unix(_) => address,
            },
        })
    }

    /// A channel to the server, which connects at the first call.
    fn channel(&self, config: &ClientConfig) -> Channel {
        let target = Target {
            service: "grpc.health.v1.Health",
            variable: self.server.origin,
        };
        match (self.server.address.clone(), self.tls.certificate.clone()) {
            (Listen::Tcp { host, port }, Some(certificate)) => {
                Channel::over(target, config, move || {
                    let (host, certificate) = (host.clone(), certificate.clone());
                    async move {
                        let connected = connect_pinned(&host, port, &certificate).await;
                        // The status of the call carries it to `pin_fault`.
                        connected.map_err(io::Error::other)
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

    fn no_tls(self, fault: &PinFault) -> Unhealthy {
        match fault {
            PinFault::File(fault) => Unhealthy::Certificate {
                server: self.server,
                fault: fault.to_string(),
            },
            PinFault::AnotherCertificate => Unhealthy::AnotherCertificate {
                certificate: self.tls.certificate.unwrap_or_default(),
                server: self.server,
            },
            PinFault::Io(fault) => Unhealthy::Tls {
                server: self.server,
                // The system's own text comes with its number.
                fault: match fault.raw_os_error() {
                    Some(_) => fault.kind().to_string(),
                    None => fault.to_string(),
                },
            },
        }
    }

    fn failed(self, status: &Status, service: String) -> Unhealthy {
        let failure = client::Failure::of(status);
        let own_hint = self.hint;
        let kind = failure.map_or(FailureKind::Unreadable, client::Failure::kind);
        let what = match kind {
            FailureKind::Answered if status.code() == Code::NotFound => {
                return Unhealthy::UnknownService {
                    server: self.server,
                    service,
                };
            }
            FailureKind::DeadlineExceeded { limit } => {
                return Unhealthy::Late {
                    server: self.server,
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
            server: self.server,
            what,
            message: format!(
                "{}: {}",
                code_name(status.code()),
                status.message().replace(char::is_control, " ")
            ),
            hint: if kind == FailureKind::Unreachable {
                failure.and_then(client::Failure::hint)
            } else {
                own_hint.or(failure.and_then(client::Failure::hint))
            },
        }
    }
}

/// Why there is no TLS connection, where that is why the call failed. The client's own words for it say less.
fn pin_fault(status: &Status) -> Option<&PinFault> {
    let first: &(dyn Error + 'static) = status;
    let mut chain = successors(Some(first), |&error| error.source());
    chain.find_map(|error| error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
}
