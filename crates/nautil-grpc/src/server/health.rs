//! Whether each service takes calls, and `grpc.health.v1.Health` that says so, with the messages of tonic-health.
//!
//! Its reporter is not used: it can end a `Watch` only by forgetting the service, and then `Check` knows it no more.
//! Who finds out whether a check fails is in `checks`.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::stream;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::BoxStream;

/// The name of the server itself.
const SERVER: &str = "";

/// What a health check speaks for: what cannot be served while it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything: each service, and the server as a whole.
    Server,
    /// These services, by their full protobuf names, and not the server as a whole.
    Services(&'static [&'static str]),
}

/// The health of a server. A clone is the same.
#[derive(Debug, Clone)]
pub(super) struct Health {
    state: watch::Sender<State>,
    /// Those of the services, and the server's.
    names: Arc<[&'static str]>,
}

/// Where the server is in its life, and what its checks found last.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) checks: Vec<CheckState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Serving,
    Draining,
}

/// What is known of one check.
#[derive(Debug, Clone)]
pub(super) struct CheckState {
    pub(super) name: String,
    pub(super) scope: Scope,
    pub(super) standing: Standing,
    /// Since when it has been passing, or failing.
    pub(super) since: SystemTime,
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not ended yet.
    Waiting,
    Passing,
    Failing {
        reason: String,
    },
    /// It passes again, and is to do so this many times more before it counts.
    Recovering {
        reason: String,
        successes: u32,
        needed: u32,
    },
}

/// Answers for the services whose names it has.
#[derive(Debug)]
pub(super) struct HealthService {
    names: Arc<[&'static str]>,
    state: watch::Receiver<State>,
}

impl Health {
    /// Not serving yet, and checked by nobody.
    pub(super) fn new(names: impl Iterator<Item = &'static str>) -> Self {
        Self {
            state: watch::Sender::new(State {
                phase: Phase::Starting,
                checks: Vec::new(),
            }),
            names: names.chain([SERVER]).collect(),
        }
    }

    /// The service that tells of it.
    pub(super) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService {
            names: Arc::clone(&self.names),
            state: self.state.subscribe(),
        })
    }

    /// The service of a scope that the server does not have.
    pub(super) fn unknown(&self, scope: Scope) -> Option<&'static str> {
        let Scope::Services(services) = scope else {
            return None;
        };
        let is_unknown = |name: &&&str| **name == SERVER || !self.names.contains(*name);
        services.iter().find(is_unknown).copied()
    }

    /// Says which checks there will be. Nothing that they speak for is served until they have passed.
    pub(super) fn expect(&self, checks: impl Iterator<Item = (String, Scope)>) {
        let checks = checks.map(|(name, scope)| CheckState {
            name,
            scope,
            standing: Standing::Waiting,
            since: SystemTime::now(),
        });
        self.state
            .send_modify(|state| state.checks = checks.collect());
    }

    /// Says how a check stands, by its place in what was expected.
    pub(super) fn report(&self, index: usize, standing: Standing) {
        self.state.send_if_modified(|state| {
            let Some(check) = state.checks.get_mut(index) else {
                return false;
            };
            if check.standing == standing {
                return false;
            }
            let was_waiting = check.standing == Standing::Waiting;
            if was_waiting || check.standing.is_passing() != standing.is_passing() {
                check.since = SystemTime::now();
            }
            check.standing = standing;
            true
        });
    }

    pub(super) fn set_serving(&self) {
        self.state.send_modify(|state| state.phase = Phase::Serving);
    }

    pub(super) fn set_draining(&self) {
        self.state
            .send_modify(|state| state.phase = Phase::Draining);
    }

    /// What is known now.
    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Resolves when the server drains.
    pub(super) async fn draining(&self) {
        let mut state = self.state.subscribe();
        // The sender is `self`: it is there.
        let _ = state.wait_for(|state| state.phase == Phase::Draining).await;
    }
}

impl State {
    /// Whether the server as a whole takes calls.
    pub(super) fn is_ready(&self) -> bool {
        self.status(SERVER) == ServingStatus::Serving
    }

    fn status(&self, service: &str) -> ServingStatus {
        let mut own = self
            .checks
            .iter()
            .filter(|check| check.scope.includes(service));
        if self.phase == Phase::Serving && own.all(|check| check.standing.is_passing()) {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    }
}

impl Scope {
    fn includes(self, service: &str) -> bool {
        match self {
            Self::Server => true,
            Self::Services(services) => services.contains(&service),
        }
    }
}

impl Standing {
    pub(super) fn is_passing(&self) -> bool {
        *self == Self::Passing
    }
}

#[tonic::async_trait]
impl health_server::Health for HealthService {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if !self.names.contains(&name.as_str()) {
            return Err(Status::not_found(format!("unknown service `{name}`")));
        }
        let status = self.state.borrow().status(name);
        Ok(Response::new(response(status)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        let is_known = self.names.contains(&name.as_str());
        let status = move |state: &State| {
            if is_known {
                state.status(&name)
            } else {
                ServingStatus::ServiceUnknown
            }
        };
        let watch = Watch {
            state: self.state.clone(),
            told: None,
        };
        let changes = stream::unfold((Some(watch), status), |(watch, status)| async move {
            let mut watch = watch?;
            let (now, phase) = watch.next(&status).await?;
            // A watch that went on would hold the drain.
            let next = (phase != Phase::Draining).then_some(watch);
            Some((Ok(response(now)), (next, status)))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}

/// One who is told of each change once.
struct Watch {
    state: watch::Receiver<State>,
    told: Option<ServingStatus>,
}

impl Watch {
    /// The status once it is another than was told last, or once the server drains; with the server's phase.
    async fn next(
        &mut self,
        status: impl Fn(&State) -> ServingStatus,
    ) -> Option<(ServingStatus, Phase)> {
        let told = self.told;
        let is_news = |state: &State| state.phase == Phase::Draining || Some(status(state)) != told;
        let state = self.state.wait_for(is_news).await.ok()?;
        let now = status(&state);
        self.told = Some(now);
        Some((now, state.phase))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => formatter.write_str("server"),
            Self::Services(services) => formatter.write_str(&services.join(", ")),
        }
    }
}
