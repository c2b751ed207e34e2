//! The workers while they run.

use std::future::pending;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::panic::{Panicked, caught};
use super::worker::{WorkerEntry, Workers};
use crate::bootloader::BoxError;
use crate::container::{Container, ResolveError};
use crate::shutdown::Shutdown;

/// The workers of an application that has booted. Dropping this aborts those that still run.
#[derive(Debug, Default)]
pub(crate) struct RunningWorkers {
    tasks: JoinSet<Ended>,
    /// The workers that have not returned yet. A task that is late is known only by what is left here.
    names: Vec<String>,
}

/// How a worker ended, with its name.
type Ended = (String, Result<Result<(), BoxError>, Panicked>);

/// A worker that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    #[error("worker `{name}` failed")]
    Failed { name: String, source: BoxError },
    #[error("worker `{name}` took longer to stop than `app.shutdown_timeout` = {limit:?} allows")]
    Late {
        name: String,
        limit: std::time::Duration,
    },
}

impl RunningWorkers {
    /// Starts every worker.
    ///
    /// # Errors
    /// The workers that cannot be built. None is started then.
    pub(super) fn start(
        workers: &Workers,
        container: &Container,
        shutdown: &Shutdown,
    ) -> Result<Self, Vec<ResolveError>> {
        // All are built before the first one starts, so that no worker has begun its work when another one turns out not to be
        // buildable.
        let made = workers.iter().map(|entry| (entry, entry.make(container)));
        let (built, broken): (Vec<_>, Vec<_>) = made.partition(|(_, made)| made.is_ok());
        if !broken.is_empty() {
            let faults = broken.into_iter().filter_map(|(_, made)| made.err());
            return Err(faults.collect());
        }
        let mut running = Self::default();
        for (WorkerEntry { name, .. }, made) in built {
            let Ok(worker) = made else { continue };
            let (named, stopping) = (name.clone(), shutdown.clone());
            running.names.push(name.clone());
            running
                .tasks
                .spawn(async move { (named, caught(worker.run_boxed(stopping)).await) });
        }
        Ok(running)
    }

    /// Resolves when a worker fails. As long as none fails it never resolves, even if all of them have returned.
    pub(super) async fn failed(&mut self) -> WorkerError {
        while let Some(ended) = self.tasks.join_next().await {
            if let Some(error) = self.ended(ended) {
                return error;
            }
        }
        pending().await
    }

    /// Waits until `deadline` for all workers, which have been asked to stop, and returns what went wrong. `limit` is what
    /// `app.shutdown_timeout` says, for the errors.
    pub(super) async fn join(
        mut self,
        deadline: Instant,
        limit: std::time::Duration,
    ) -> Vec<WorkerError> {
        let mut errors = Vec::new();
        while let Ok(Some(ended)) = timeout_at(deadline, self.tasks.join_next()).await {
            errors.extend(self.ended(ended));
        }
        let late = self.names.into_iter();
        errors.extend(late.map(|name| WorkerError::Late { name, limit }));
        errors
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Option<WorkerError> {
        // There is no `JoinError` to report: panics are caught inside of the task, and a task is aborted only when all are dropped.
        let (name, result) = ended.ok()?;
        if let Some(at) = self.names.iter().position(|other| *other == name) {
            self.names.remove(at);
        }
        let source: BoxError = match result {
            Ok(Ok(())) => return None,
            Ok(Err(source)) => source,
            Err(panicked) => panicked.into(),
        };
        Some(WorkerError::Failed { name, source })
    }
}
