//! `grpc.health.v1.Health`, with the messages of tonic-health.
//!
//! Its reporter is not used: it can end a `Watch` only by forgetting the service, and then `Check` knows it no more.

use std::sync::Arc;

use futures_util::stream;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::BoxStream;

/// Where the server is in its life, one for all services, and which those are.
#[derive(Debug, Clone)]
pub(super) struct Health {
    phase: watch::Sender<Phase>,
    names: Arc<[&'static str]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Serving,
    Draining,
}

/// Answers for the services whose names it has.
#[derive(Debug)]
pub(super) struct Checks {
    names: Arc<[&'static str]>,
    phase: watch::Receiver<Phase>,
}

impl Health {
    /// Not serving yet.
    pub(super) fn new(names: impl Iterator<Item = &'static str>) -> Self {
        Self {
            phase: watch::Sender::new(Phase::Starting),
            // The empty name is the server itself.
            names: names.chain([""]).collect(),
        }
    }

    /// The service that tells of it.
    pub(super) fn service(&self) -> HealthServer<Checks> {
        HealthServer::new(Checks {
            names: Arc::clone(&self.names),
            phase: self.phase.subscribe(),
        })
    }

    pub(super) fn set_serving(&self) {
        self.phase.send_replace(Phase::Serving);
    }

    pub(super) fn set_draining(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Resolves when the server drains.
    pub(super) async fn draining(&self) {
        let mut phase = self.phase.subscribe();
        // The sender is `self`: it is there.
        let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
    }
}

#[tonic::async_trait]
impl health_server::Health for Checks {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if !self.names.contains(&name.as_str()) {
            return Err(Status::not_found(format!("unknown service `{name}`")));
        }
        let phase = *self.phase.borrow();
        Ok(Response::new(response(phase.status())))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let is_known = self.names.contains(&request.get_ref().service.as_str());
        let mut phase = self.phase.clone();
        phase.mark_changed();
        let changes = stream::unfold(Some(phase), move |phase| async move {
            let mut phase = phase?;
            phase.changed().await.ok()?;
            let now = *phase.borrow_and_update();
            let status = if is_known {
                now.status()
            } else {
                ServingStatus::ServiceUnknown
            };
            // A watch that went on would hold the drain.
            let next = (now != Phase::Draining).then_some(phase);
            Some((Ok(response(status)), next))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}

impl Phase {
    fn status(self) -> ServingStatus {
        match self {
            Self::Serving => ServingStatus::Serving,
            Self::Starting | Self::Draining => ServingStatus::NotServing,
        }
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
