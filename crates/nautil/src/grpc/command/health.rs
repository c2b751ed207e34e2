//! `health`: one question to a server's health service, for a container's HEALTHCHECK and other probes that run a command.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hyper_util::rt::TokioIo;
use shaku::Component;
use tokio::net::{TcpStream, UnixStream};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::service_fn;

use crate::console::{Command, DynCommand, Failure, Output};
use crate::grpc::client::{self, Channel, ClientConfig, Reason, Target, code_name};
use crate::grpc::server::{Listen, ServerConfig};

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// Ask a server whether it serves: exit code 0 if it does, 1 if not
#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// The server: host:port or unix:path [default: where this application's server listens]
    #[arg(long)]
    address: Option<Listen>,
    /// Ask for this service, by its full name; without it for the server as a whole
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    service: String,
    /// How long the answer may take, connecting included
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = timeout)]
    timeout: Duration,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Health {
    #[shaku(inject)]
    config: Arc<ServerConfig>,
}

/// Who is asked, and who said so: a config key or a flag.
#[derive(Debug, Clone)]
struct Server {
    address: Listen,
    origin: &'static str,
}

/// Why a server is not known to serve.
#[derive(Debug, thiserror::Error)]
enum Unhealthy {
    #[error("{0} leaves the port to the system: name the one that it took with --address")]
    AnyPort(Server),
    #[error("{server} cannot be asked: `{name}` is no host name")]
    Name { server: Server, name: String },
    #[error("{0} is NOT_SERVING: it starts, or finishes its last calls before it stops")]
    NotServing(Server),
    #[error(
        "{server} answered with status {status}, which says nothing: is it another program's health service?"
    )]
    Strange { server: Server, status: i32 },
    #[error(
        "{server} does not know the service `{service}` (SERVICE_UNKNOWN); `grpc:services` lists those that it should"
    )]
    UnknownService { server: Server, service: String },
    #[error(
        "{server} did not answer within {}: is a handler blocking it, or is --timeout too short?",
        humantime::format_duration(*limit)
    )]
    Late { server: Server, limit: Duration },
    #[error("{server} {what}: {message}{}", hint.map(|hint| format!("; {hint}")).unwrap_or_default())]
    Failed {
        server: Server,
        what: &'static str,
        message: String,
        hint: Option<&'static str>,
    },
}

impl Command for Health {
    const NAME: &'static str = "health";
    type Arguments = HealthArguments;

    async fn run(&self, arguments: HealthArguments, output: &Output) -> Result<(), Failure> {
        let HealthArguments {
            address,
            service,
            timeout,
        } = arguments;
        let server = match address {
            Some(address) => Server {
                address,
                origin: "--address",
            },
            None => Server::of(&self.config),
        };
        server.check(service, timeout).await?;
        output.line(ServingStatus::Serving.as_str_name());
        Ok(())
    }
}

impl Server {
    /// The server that this configuration makes.
    fn of(config: &ServerConfig) -> Self {
        let (address, origin) = match &config.management.listen {
            Some(listen) => (listen, "server.management.listen"),
            None => (&config.listen, "server.listen"),
        };
        Self {
            address: reachable(address),
            origin,
        }
    }

    /// One call of `Check` over a connection of its own: a probe is not to wait for retries.
    async fn check(self, service: String, timeout: Duration) -> Result<(), Unhealthy> {
        let config = ClientConfig {
            deadline: timeout,
            ..ClientConfig::default()
        };
        let target = Target {
            service: "grpc.health.v1.Health",
            variable: self.origin,
        };
        let channel = Channel::over(target, &config, self.connection()?);
        let request = Request::new(HealthCheckRequest {
            service: service.clone(),
        });
        let answer = channel.unary(CHECK, request).await;
        let answer: HealthCheckResponse = match answer {
            Ok(response) => response.into_inner(),
            Err(status) => return Err(self.failed(&status, service)),
        };
        match ServingStatus::try_from(answer.status) {
            Ok(ServingStatus::Serving) => Ok(()),
            Ok(ServingStatus::NotServing) => Err(Unhealthy::NotServing(self)),
            Ok(ServingStatus::ServiceUnknown) => Err(Unhealthy::UnknownService {
                server: self,
                service,
            }),
            Ok(ServingStatus::Unknown) | Err(_) => Err(Unhealthy::Strange {
                server: self,
                status: answer.status,
            }),
        }
    }

    /// Opened by the first call.
    fn connection(&self) -> Result<tonic::transport::Channel, Unhealthy> {
        let endpoint = match &self.address {
            Listen::Tcp { port: 0, .. } => return Err(Unhealthy::AnyPort(self.clone())),
            Listen::Tcp { host, .. } => Endpoint::from_shared(format!("http://{}", self.address))
                .map_err(|_| Unhealthy::Name {
                server: self.clone(),
                name: host.clone(),
            })?,
            // The authority that gRPC defines for Unix sockets.
            Listen::Unix(_) => Endpoint::from_static("http://localhost"),
        };
        Ok(match self.address.clone() {
            Listen::Tcp { host, port } => {
                endpoint.connect_with_connector_lazy(service_fn(move |_| {
                    let host = host.clone();
                    async move {
                        let socket = TcpStream::connect((host.as_str(), port)).await?;
                        Ok::<_, io::Error>(TokioIo::new(socket))
                    }
                }))
            }
            Listen::Unix(path) => endpoint.connect_with_connector_lazy(service_fn(move |_| {
                let path = path.clone();
                async move { UnixStream::connect(path).await.map(TokioIo::new) }
            })),
        })
    }

    fn failed(self, status: &Status, service: String) -> Unhealthy {
        let failure = client::Failure::of(status);
        let reason = failure.map_or(Reason::Unreadable, client::Failure::reason);
        let what = match reason {
            Reason::Answered if status.code() == Code::NotFound => {
                return Unhealthy::UnknownService {
                    server: self,
                    service,
                };
            }
            Reason::DeadlineExceeded { limit } => {
                return Unhealthy::Late {
                    server: self,
                    limit,
                };
            }
            Reason::Answered => "answered",
            Reason::Unreachable => "cannot be reached",
            Reason::NotGrpc => "is no gRPC server",
            Reason::Interrupted => "broke off",
            _ => "sent what is no answer",
        };
        Unhealthy::Failed {
            server: self,
            what,
            message: format!(
                "{}: {}",
                code_name(status.code()),
                status.message().replace(char::is_control, " ")
            ),
            hint: failure.and_then(client::Failure::hint),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.address, self.origin)
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(timeout) if !timeout.is_zero() => Ok(timeout),
        _ => Err("expected a duration with its unit, such as 3s or 500ms".to_owned()),
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
