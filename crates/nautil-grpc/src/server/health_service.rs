//! `grpc.health.v1.Health`, with the messages of tonic-health.
//!
//! tonic-health's own service is not used. Its reporter can end a `Watch` only by forgetting the service, and then `Check` knows
//! it no more; and requests would be read by other rules than those of all other services.
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>

use std::sync::Arc;

use futures_util::StreamExt;
use http::Request as HttpRequest;
use tonic::body::Body;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::call::Call;
use super::config::ServerConfig;
use super::health::Health;
use super::meter::MethodId;
use super::policy::Policy;
use super::reply::{self, Reply};
use super::routes::Handle;
use crate::call::Peer;
use crate::{BoxStream, Method, MethodKind};

/// The service's name.
pub(super) const NAME: &str = "grpc.health.v1.Health";

static CHECK: Method = Method::new("/grpc.health.v1.Health/Check", MethodKind::Unary);
static WATCH: Method = Method::new("/grpc.health.v1.Health/Watch", MethodKind::ServerStreaming);

/// Answers for the services whose names it has.
#[derive(Debug)]
pub(super) struct HealthService {
    health: Health,
    /// What holds for calls where nobody says otherwise: limits that are meant for the application do not stop a probe.
    policy: Policy,
}

impl HealthService {
    pub(super) fn new(health: &Health) -> Self {
        Self {
            health: health.clone(),
            policy: Policy::of(&CHECK, &ServerConfig::default()),
        }
    }
}

impl Handle for HealthService {
    fn handle(&self, method: &str, request: HttpRequest<Body>, peer: Arc<Peer>) -> Reply {
        let method = [&CHECK, &WATCH]
            .into_iter()
            .find(|one| one.name() == method);
        let Some(method) = method else {
            return reply::unknown_method(&request);
        };
        let call = Call::new(request, method, MethodId::UNKNOWN, self.policy, peer);
        let health = self.health.clone();
        if method.kind() == MethodKind::Unary {
            call.unary(|request| async move { check(&health, &request) })
        } else {
            call.server_streaming(|request| async move { Ok(watch(&health, request)) })
        }
    }
}

fn check(
    health: &Health,
    request: &Request<HealthCheckRequest>,
) -> Result<Response<HealthCheckResponse>, Status> {
    let name = &request.get_ref().service;
    match health.status(name) {
        Some(status) => Ok(Response::new(response(status))),
        None => Err(Status::not_found(format!("unknown service `{name}`"))),
    }
}

fn watch(
    health: &Health,
    request: Request<HealthCheckRequest>,
) -> Response<BoxStream<HealthCheckResponse>> {
    let changes = health.watch(request.into_inner().service);
    Response::new(changes.map(|status| Ok(response(status))).boxed())
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
