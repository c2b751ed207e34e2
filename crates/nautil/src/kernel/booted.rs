//! The application from its first `boot` to its last `shutdown`: [`Booted`], the third phase.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::AppConfig;
use super::error::{BootError, BootloaderError, StopError};
use super::panic::caught;
use super::running::{RunningWorkers, WorkerError};
use super::worker::Workers;
use crate::bootloader::{AsyncFactory, Boot, BoxError, Listed};

/// How long a `boot` that is aborted has to drop what it holds.
const ABORT_LIMIT: Duration = Duration::from_secs(1);

/// The least time that each `shutdown` has, whatever those before it have left of `app.shutdown_timeout`.
const LEAST_SHUTDOWN: Duration = Duration::from_millis(100);

/// Bootloaders have booted: all of them, or those before one that failed.
#[derive(Debug)]
pub(crate) struct Booted {
    /// Those that are to be shut down, in the order in which they booted.
    bootloaders: Vec<Listed>,
    pub(super) boot: Boot,
    workers: RunningWorkers,
}

/// How a `boot` or a `shutdown` ended.
enum Ended {
    Well,
    /// It returned an error. Whatever it had taken until then, it has given back itself.
    Failed(BoxError),
    /// It panicked. What it had taken until then is left behind.
    Panicked(BoxError),
}

/// A `boot` that did not end well.
pub(super) struct FailedBoot {
    pub(super) error: BootError,
    /// Whether it was cut off in the middle. Then it may have taken what only its own `shutdown` gives back.
    pub(super) is_cut: bool,
}

impl Booted {
    /// The application before its first `boot`.
    pub(super) fn new(boot: Boot) -> Self {
        Booted {
            bootloaders: Vec::new(),
            boot,
            workers: RunningWorkers::default(),
        }
    }

    /// Boots the next bootloader, after the values that it makes in this phase.
    ///
    /// # Errors
    /// The `boot` failed, panicked, was late, or the application was asked to stop meanwhile.
    pub(super) async fn boot_next(
        &mut self,
        listed: Listed,
        factories: Vec<AsyncFactory>,
    ) -> Result<(), BootError> {
        match boot_one(&listed, factories, &self.boot).await {
            Ok(()) => {
                self.bootloaders.push(listed);
                Ok(())
            }
            Err(FailedBoot { error, is_cut }) => {
                self.bootloaders.extend(is_cut.then_some(listed));
                Err(error)
            }
        }
    }

    /// Starts the workers, once every bootloader has booted.
    ///
    /// # Errors
    /// Those that cannot be built; none is started then.
    pub(super) fn start_workers(&mut self) -> Result<(), BootError> {
        let container = &self.boot.container;
        let started = match container.get::<Workers>() {
            Ok(workers) => RunningWorkers::start(&workers, container, &self.boot.shutdown),
            Err(fault) => Err(vec![fault]),
        };
        self.workers = started.map_err(BootError::Container)?;
        Ok(())
    }

    /// Resolves when a worker fails.
    pub(super) async fn worker_failed(&mut self) -> WorkerError {
        self.workers.failed().await
    }

    /// Stops the workers, then shuts the bootloaders down in reverse order, all within one deadline. Returns what failed.
    pub(crate) async fn shutdown(self) -> Vec<StopError> {
        let Booted {
            bootloaders,
            boot,
            workers,
        } = self;
        let limit = app_config(&boot).shutdown_timeout;
        let deadline = tokio::time::Instant::now() + limit;
        boot.shutdown.request();
        let mut errors: Vec<StopError> = Vec::new();
        let late = workers.join(deadline, limit).await;
        errors.extend(late.into_iter().map(StopError::from));
        for listed in bootloaders.iter().rev() {
            // One that needs no time at all is shut down even if those before it took all of it.
            let by = deadline.max(tokio::time::Instant::now() + LEAST_SHUTDOWN);
            let ended = shutdown_one(listed, &boot, by, limit).await;
            errors.extend(ended.err().map(StopError::from));
        }
        errors
    }
}

/// Boots one bootloader. The `app.boot_timeout` covers the values that it makes and its own `boot`.
async fn boot_one(
    listed: &Listed,
    factories: Vec<AsyncFactory>,
    boot: &Boot,
) -> Result<(), FailedBoot> {
    let (name, phase) = (listed.name, "boot");
    let limit = app_config(boot).boot_timeout;
    let start = Instant::now();
    let (bootloader, own) = (Arc::clone(&listed.bootloader), boot.clone());
    let mut task = spawn(async move {
        for factory in factories {
            (factory.make)(own.clone()).await?;
        }
        bootloader.boot(&own).await
    });
    let late = BootloaderError::Late {
        name,
        phase,
        key: "app.boot_timeout",
        limit,
    };
    let failed = |source| BootloaderError::Failed {
        name,
        phase,
        source,
    };
    let (error, is_cut) = tokio::select! {
        () = boot.shutdown.requested() => (BootError::Stopped, true),
        ended = timeout(limit, ended(&mut task)) => match ended {
            // A `boot` that blocks the thread which also drives the timer is back before the timer can fire.
            Ok(Ended::Well) if start.elapsed() > limit => (late.into(), true),
            Ok(Ended::Well) => return Ok(()),
            Ok(Ended::Failed(source)) => (failed(source).into(), false),
            Ok(Ended::Panicked(source)) => (failed(source).into(), true),
            Err(_) => (late.into(), true),
        },
    };
    if !task.is_finished() {
        task.abort();
        // Its `shutdown` is to find what it held given back. A task that blocks its thread cannot be aborted, and is left.
        let _ = timeout(ABORT_LIMIT, &mut task).await;
    }
    Err(FailedBoot { error, is_cut })
}

/// Shuts one bootloader down. `limit` is what `app.shutdown_timeout` says, for the error.
async fn shutdown_one(
    listed: &Listed,
    boot: &Boot,
    by: tokio::time::Instant,
    limit: Duration,
) -> Result<(), BootloaderError> {
    let (name, phase) = (listed.name, "shutdown");
    let (bootloader, own) = (Arc::clone(&listed.bootloader), boot.clone());
    let mut task = spawn(async move { bootloader.shutdown(&own).await });
    match timeout_at(by, ended(&mut task)).await {
        Ok(Ended::Well) => Ok(()),
        Ok(Ended::Failed(source) | Ended::Panicked(source)) => Err(BootloaderError::Failed {
            name,
            phase,
            source,
        }),
        Err(_) => Err(BootloaderError::Late {
            name,
            phase,
            key: "app.shutdown_timeout",
            limit,
        }),
    }
}

/// Runs a `boot` or a `shutdown` in a task of its own.
///
/// Code that blocks its thread holds up everything else in its task. In a task of its own it holds up neither the timeout that
/// it exceeds nor the signal that is to stop the application.
fn spawn(
    code: impl Future<Output = Result<(), BoxError>> + Send + 'static,
) -> AbortOnDropHandle<Ended> {
    let task = tokio::spawn(async move {
        match caught(code).await {
            Ok(Ok(())) => Ended::Well,
            Ok(Err(source)) => Ended::Failed(source),
            Err(panicked) => Ended::Panicked(panicked.into()),
        }
    });
    AbortOnDropHandle::new(task)
}

/// Awaits the end of a task. Panics are caught inside of it and nobody else aborts it, so the error is one of tokio's own.
async fn ended(task: &mut AbortOnDropHandle<Ended>) -> Ended {
    let ended = task.await;
    ended.unwrap_or_else(|error| Ended::Panicked(error.into()))
}

/// The section `app`, or its defaults where the section is broken. A broken section has been reported by then.
fn app_config(boot: &Boot) -> Arc<AppConfig> {
    boot.get::<AppConfig>().unwrap_or_default()
}
