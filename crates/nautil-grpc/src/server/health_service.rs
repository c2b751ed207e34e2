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
use super::health_methods::{CHECK, WATCH};
use super::meter::MethodId;
use super::reply::{self, Reply};
use super::routes::Handle;
use super::served::Served;
use crate::call::Peer;
use crate::{BoxStream, Interceptors, MethodKind, UnknownInterceptor};

/// Answers for the services whose names it has.
#[derive(Debug)]
pub(super) struct HealthService {
    health: Health,
    check: Arc<Served>,
    watch: Arc<Served>,
}

impl HealthService {
    /// What is meant for all methods of the application does not stop a probe: only tables and interceptors that name these
    /// methods are for them.
    ///
    /// # Errors
    /// The config names an interceptor that there is not.
    pub(super) fn new(
        health: &Health,
        config: &ServerConfig,
        interceptors: &Interceptors,
    ) -> Result<Self, UnknownInterceptor> {
        let named = ServerConfig {
            methods: config.methods.clone(),
            interceptors: config.interceptors.clone(),
            ..ServerConfig::default()
        };
        let served =
            |method| Served::new(method, MethodId::UNKNOWN, &named, interceptors).map(Arc::new);
        Ok(Self {
            health: health.clone(),
            check: served(&CHECK)?,
            watch: served(&WATCH)?,
        })
    }
}

impl HealthService {
    /// Without a word of a config.
    pub(super) fn plain(health: &Health) -> Self {
        let (config, interceptors) = (ServerConfig::default(), Interceptors::default());
        Self::new(health, &config, &interceptors).expect("the config names no interceptor")
    }
}

impl Handle for HealthService {
    fn handle(&self, method: &str, request: HttpRequest<Body>, peer: Arc<Peer>) -> Reply {
        let served = [&self.check, &self.watch]
            .into_iter()
            .find(|served| served.method.name() == method);
        let Some(served) = served else {
            return reply::unknown_method(&request);
        };
        let call = Call::new(request, Arc::clone(served), peer);
        let health = self.health.clone();
        if served.method.kind() == MethodKind::Unary {
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
