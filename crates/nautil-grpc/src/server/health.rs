//! Whether each service takes calls.
//!
//! Who finds out whether a check fails is in `checks`; who is told over gRPC, in `health_service`.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{Stream, stream};
use tokio::sync::watch;
use tonic_health::pb::health_check_response::ServingStatus;

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

    /// The service of a scope that the server does not have.
    pub(super) fn unknown(&self, scope: Scope) -> Option<&'static str> {
        let Scope::Services(services) = scope else {
            return None;
        };
        let is_unknown = |name: &&&str| **name == SERVER || !self.names.contains(*name);
        services.iter().find(is_unknown).copied()
    }

    /// How a service stands, the empty name being the server's; nothing for a name that is not served.
    pub(super) fn status(&self, service: &str) -> Option<ServingStatus> {
        let is_known = self.names.contains(&service);
        is_known.then(|| self.state.borrow().status(service))
    }

    /// How a service stands now, and each time that this changes. It ends when the server drains.
    pub(super) fn watch(
        &self,
        service: String,
    ) -> impl Stream<Item = ServingStatus> + Send + 'static {
        let is_known = self.names.contains(&service.as_str());
        let status = move |state: &State| {
            if is_known {
                state.status(&service)
            } else {
                ServingStatus::ServiceUnknown
            }
        };
        let watch = Watch {
            state: self.state.subscribe(),
            told: None,
        };
        stream::unfold((Some(watch), status), |(watch, status)| async move {
            let mut watch = watch?;
            let (now, phase) = watch.next(&status).await?;
            // A watch that went on would hold the drain.
            let next = (phase != Phase::Draining).then_some(watch);
            Some((now, (next, status)))
        })
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

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => formatter.write_str("server"),
            Self::Services(services) => formatter.write_str(&services.join(", ")),
        }
    }
}
