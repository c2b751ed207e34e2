//! The phases, each a type: what belongs to one phase cannot be done in another.
//!
//! [`Declared`] (after `init`) → [`Configured`] (arguments known, config frozen, container sealed) → [`Booted`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::panic::caught;
use super::running::{RunningWorkers, WorkerError};
use super::worker::Workers;
use super::{AppConfig, Kernel, Report};
use crate::bootloader::{
    AsyncFactory, Boot, Bootloaders, BoxError, Declarations, DeclareError, Init, Listed,
    OrderError, order,
};
use crate::config::{self, Config};
use crate::console::{Commands, Descriptions, Globals, Output};
use crate::container::{Bindings, Checks, Container, ResolveError, distinct};
use crate::environment::Environment;
use crate::shutdown::Shutdown;
use crate::supervisor::ServiceManager;

/// How long a `boot` that is cut may take to let go of what it holds.
const CUT: Duration = Duration::from_secs(1);

/// How long a `shutdown` has that comes after the deadline.
const TURN: Duration = Duration::from_millis(100);

/// Who binds what belongs to no bootloader.
const KERNEL: &str = "the kernel";

/// After `init`: everything is declared, nothing is read or built.
#[derive(Debug)]
pub(crate) struct Declared {
    bootloaders: Vec<Listed>,
    declarations: Declarations,
    environment: Environment,
    report: Report,
}

/// Config frozen, container sealed.
#[derive(Debug)]
pub(crate) struct Configured {
    bootloaders: Vec<Listed>,
    factories: Vec<AsyncFactory>,
    pub(crate) boot: Boot,
    config: Arc<Config>,
    report: Arc<Report>,
}

/// Bootloaders have booted: all of them, or those before one that failed.
#[derive(Debug)]
pub(crate) struct Booted {
    bootloaders: Vec<Listed>,
    pub(super) boot: Boot,
    workers: RunningWorkers,
}

/// Why an application cannot be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Declare(#[from] DeclareError),
}

/// Why an application does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootError {
    #[error("the config is broken")]
    Config(Vec<config::Error>),
    #[error("the container is broken")]
    Container(Vec<ResolveError>),
    #[error(transparent)]
    Bootloader(#[from] BootloaderError),
    #[error("stopped before the application had booted")]
    Stopped,
}

/// Something of the application that did not stop as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StopError {
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Bootloader(#[from] BootloaderError),
}

/// A bootloader that failed, in `boot` or in `shutdown`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BootloaderError {
    #[error("bootloader `{name}` failed in {phase}")]
    Failed {
        name: &'static str,
        phase: &'static str,
        source: BoxError,
    },
    #[error("bootloader `{name}` took longer in {phase} than `{key}` = {limit:?} allows")]
    Late {
        name: &'static str,
        phase: &'static str,
        key: &'static str,
        limit: Duration,
    },
}

impl Declared {
    /// Orders the bootloaders, those of the framework before the kernel's, and lets each declare what it consists of.
    pub(crate) fn init<K: Kernel>(
        kernel: &K,
        framework: Bootloaders,
        environment: Environment,
        binary: String,
    ) -> Result<Self, Vec<KernelError>> {
        let all = framework.followed_by(kernel.bootloaders());
        let (bootloaders, skipped) = order(all, &environment).map_err(|errors| {
            errors
                .into_iter()
                .map(KernelError::from)
                .collect::<Vec<_>>()
        })?;
        let mut declarations = Declarations::default();
        let mut report = Report::default();
        for listed in &bootloaders {
            let start = Instant::now();
            listed
                .bootloader
                .init(&mut Init::new(listed.name, &mut declarations));
            report.add(listed.name, start.elapsed());
        }
        for (listed, reason) in skipped {
            report.skip(listed.name, reason);
        }
        if !declarations.errors.is_empty() {
            let errors = declarations.errors.into_iter();
            return Err(errors.map(KernelError::from).collect());
        }
        let commands = declarations.declare::<Commands>(KERNEL);
        commands.identify(K::NAME, K::VERSION, binary);
        declarations.declare::<Checks>(KERNEL);
        declarations.declare::<Descriptions>(KERNEL);
        Ok(Declared {
            bootloaders,
            declarations,
            environment,
            report,
        })
    }

    /// The commands of all bootloaders.
    pub(crate) fn commands(&self) -> &Commands {
        self.declarations
            .get()
            .expect("they are declared in `init`")
    }

    /// The words for errors of all bootloaders.
    pub(crate) fn descriptions(&self) -> &Descriptions {
        self.declarations
            .get()
            .expect("they are declared in `init`")
    }

    /// Prints the list of commands.
    pub(super) fn list(&self, output: &Output) {
        self.commands().list(self.environment.name(), output);
    }

    /// Reads the config and seals the container. `override_bindings` has the last word before that.
    pub(crate) fn configure(
        self,
        root: PathBuf,
        options: Globals,
        shutdown: Shutdown,
        service_manager: ServiceManager,
        override_bindings: impl FnOnce(&mut Bindings),
    ) -> Configured {
        let (mut bindings, sections, factories) = self.declarations.seal();
        let sources = options.sources(root);
        let config = sources.read(&self.environment, |reader| {
            reader.read(&sections, &mut bindings)
        });
        let config = Arc::new(config);
        let environment = Arc::new(self.environment);
        let report = Arc::new(self.report);

        bindings.instance(KERNEL, Arc::clone(&config));
        bindings.instance(KERNEL, Arc::clone(&environment));
        bindings.instance(KERNEL, Arc::clone(&report));
        bindings.instance(KERNEL, Arc::new(shutdown.clone()));
        bindings.instance(KERNEL, Arc::new(service_manager));
        bindings.instance(KERNEL, Arc::new(sources));
        bindings.instance(KERNEL, Arc::new(options));
        override_bindings(&mut bindings);

        Configured {
            bootloaders: self.bootloaders,
            factories,
            boot: Boot {
                container: bindings.seal(),
                environment,
                shutdown,
            },
            config,
            report,
        }
    }
}

impl Configured {
    pub(crate) fn container(&self) -> &Container {
        &self.boot.container
    }

    /// Logs what the config passed over, once there are logs.
    pub(crate) fn log_config(&self) {
        self.config.log();
    }

    /// Everything that keeps the application from being whole.
    pub(crate) fn check(&self) -> Result<(), BootError> {
        let errors = self.config.errors();
        if !errors.is_empty() {
            return Err(BootError::Config(errors));
        }
        let container = &self.boot.container;
        let _once = container.remember_failures();
        let others = container.get::<Checks>();
        let others = others.map_or_else(|fault| vec![fault], |checks| checks.run(container));
        let faults = distinct(container.check().into_iter().chain(others));
        if !faults.is_empty() {
            return Err(BootError::Container(faults));
        }
        Ok(())
    }

    /// Boots every bootloader in its turn, and starts the workers. Where one fails, the error comes with those that are to be
    /// shut down: all before it, and itself where its `boot` was cut in the middle.
    pub(crate) async fn boot(self) -> Result<Booted, (BootError, Booted)> {
        let Configured {
            bootloaders,
            mut factories,
            boot,
            report,
            ..
        } = self;
        let limit = app_config(&boot).boot_timeout;
        let mut booted = Booted {
            bootloaders: Vec::new(),
            boot,
            workers: RunningWorkers::default(),
        };
        for (listed, timing) in bootloaders.into_iter().zip(report.enabled()) {
            let start = Instant::now();
            let own = factories.extract_if(.., |factory| factory.bootloader == listed.name);
            let own: Vec<AsyncFactory> = own.collect();
            match boot_one(&listed, own, &booted.boot, limit).await {
                Ok(()) => {
                    // Set once: a run boots once.
                    let _ = timing.boot.set(start.elapsed());
                    booted.bootloaders.push(listed);
                }
                Err((error, is_cut)) => {
                    booted.bootloaders.extend(is_cut.then_some(listed));
                    return Err((error, booted));
                }
            }
        }
        let container = &booted.boot.container;
        let started = match container.get::<Workers>() {
            Ok(workers) => RunningWorkers::start(&workers, container, &booted.boot.shutdown),
            Err(fault) => Err(vec![fault]),
        };
        match started {
            Ok(workers) => booted.workers = workers,
            Err(faults) => return Err((BootError::Container(faults), booted)),
        }
        Ok(booted)
    }
}

/// Boots one bootloader, and says with its error whether it was cut: then it may have taken what only its `shutdown` gives back.
///
/// It boots in a task of its own, so that one that blocks its thread is noticed, and does not keep a signal waiting.
async fn boot_one(
    listed: &Listed,
    factories: Vec<AsyncFactory>,
    boot: &Boot,
    limit: Duration,
) -> Result<(), (BootError, bool)> {
    let name = listed.name;
    let phase = "boot";
    let start = Instant::now();
    let (bootloader, own) = (Arc::clone(&listed.bootloader), boot.clone());
    let booting = async move {
        for factory in factories {
            (factory.make)(own.clone()).await?;
        }
        bootloader.boot(&own).await
    };
    let task = tokio::spawn(async move { caught(booting).await });
    let mut task = AbortOnDropHandle::new(task);
    let late = BootloaderError::Late {
        name,
        phase,
        key: "app.boot_timeout",
        limit,
    };
    let (error, is_cut) = tokio::select! {
        () = boot.shutdown.requested() => (BootError::Stopped, true),
        ended = timeout(limit, &mut task) => match ended {
            // Where all tasks share a thread, one that blocks it hides its own lateness from the timer.
            Ok(Ok(Ok(Ok(())))) if start.elapsed() > limit => (late.into(), true),
            Ok(Ok(Ok(Ok(())))) => return Ok(()),
            Ok(Ok(Ok(Err(source)))) => {
                (BootloaderError::Failed { name, phase, source }.into(), false)
            }
            Ok(Ok(Err(panicked))) => {
                let source = panicked.into();
                (BootloaderError::Failed { name, phase, source }.into(), true)
            }
            // Nobody else aborts it.
            Ok(Err(error)) => {
                let source = error.into();
                (BootloaderError::Failed { name, phase, source }.into(), true)
            }
            Err(_) => (late.into(), true),
        },
    };
    if !task.is_finished() {
        task.abort();
        // What it holds is dropped before its `shutdown` runs; one that blocks its thread is not waited for.
        let _ = timeout(CUT, &mut task).await;
    }
    Err((error, is_cut))
}

impl Booted {
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
            let (name, phase) = (listed.name, "shutdown");
            let (bootloader, own) = (Arc::clone(&listed.bootloader), boot.clone());
            // In a task of its own, as its `boot` was.
            let task = tokio::spawn(async move { caught(bootloader.shutdown(&own)).await });
            let task = AbortOnDropHandle::new(task);
            // Whoever needs no time gets its turn even when the time is over.
            let by = deadline.max(tokio::time::Instant::now() + TURN);
            let source: BoxError = match timeout_at(by, task).await {
                Ok(Ok(Ok(Ok(())))) => continue,
                Ok(Ok(Ok(Err(source)))) => source,
                Ok(Ok(Err(panicked))) => panicked.into(),
                Ok(Err(error)) => error.into(),
                Err(_) => {
                    let late = BootloaderError::Late {
                        name,
                        phase,
                        key: "app.shutdown_timeout",
                        limit,
                    };
                    errors.push(late.into());
                    continue;
                }
            };
            errors.push(
                BootloaderError::Failed {
                    name,
                    phase,
                    source,
                }
                .into(),
            );
        }
        errors
    }
}

/// The section `app`; its defaults where it is broken, which is reported elsewhere.
fn app_config(boot: &Boot) -> Arc<AppConfig> {
    boot.get::<AppConfig>().unwrap_or_default()
}
