//! The phases, each a type: what belongs to one phase cannot be done in another.
//!
//! [`Declared`] (after `init`) → [`Configured`] (arguments known, config frozen, container sealed) → [`Booted`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::{AppConfig, Kernel, Report};
use crate::bootloader::{
    Boot, Bootloaders, BoxError, Declarations, DeclareError, Init, Listed, OrderError, order,
};
use crate::config::{self, Config};
use crate::console::{Commands, Descriptions, Globals, Output};
use crate::container::{Bindings, Checks, Container, ResolveError, distinct};
use crate::environment::Environment;
use crate::shutdown::Shutdown;
use crate::supervisor::ServiceManager;

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
    pub(crate) boot: Boot,
    config: Arc<Config>,
    report: Arc<Report>,
}

/// Every bootloader has booted.
#[derive(Debug)]
pub(crate) struct Booted {
    bootloaders: Vec<Listed>,
    boot: Boot,
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
        limit: std::time::Duration,
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
        let (mut bindings, sections) = self.declarations.seal();
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

    /// Everything that keeps the application from being whole.
    pub(crate) fn check(&self) -> Result<(), BootError> {
        let errors = self.config.errors();
        if !errors.is_empty() {
            return Err(BootError::Config(errors));
        }
        let container = &self.boot.container;
        let others = container.get::<Checks>();
        let others = others.map_or_else(|fault| vec![fault], |checks| checks.run(container));
        let faults = distinct(container.check().into_iter().chain(others));
        if !faults.is_empty() {
            return Err(BootError::Container(faults));
        }
        Ok(())
    }

    /// Boots every bootloader in its turn. When one fails, those before it are shut down.
    pub(crate) async fn boot(self) -> Result<Booted, (BootError, Booted)> {
        let Configured {
            bootloaders,
            boot,
            report,
            ..
        } = self;
        let limit = app_config(&boot).boot_timeout;
        let mut booted = Booted {
            bootloaders: Vec::new(),
            boot,
        };
        for (listed, timing) in bootloaders.into_iter().zip(report.enabled()) {
            let name = listed.name;
            let start = Instant::now();
            let attempt = tokio::time::timeout(limit, listed.bootloader.boot(&booted.boot));
            let error = tokio::select! {
                () = booted.boot.shutdown.requested() => BootError::Stopped,
                result = attempt => match result {
                    Ok(Ok(())) => {
                        // Set once: a run boots once.
                        let _ = timing.boot.set(start.elapsed());
                        booted.bootloaders.push(listed);
                        continue;
                    }
                    Ok(Err(source)) => BootError::Bootloader(BootloaderError::Failed {
                        name,
                        phase: "boot",
                        source,
                    }),
                    Err(_) => BootError::Bootloader(BootloaderError::Late {
                        name,
                        phase: "boot",
                        key: "app.boot_timeout",
                        limit,
                    }),
                },
            };
            return Err((error, booted));
        }
        Ok(booted)
    }
}

impl Booted {
    /// Shuts the bootloaders down in reverse order, all of them within the deadline, and returns what failed.
    pub(crate) async fn shutdown(self) -> Vec<BootloaderError> {
        let limit = app_config(&self.boot).shutdown_timeout;
        let deadline = tokio::time::Instant::now() + limit;
        let mut errors = Vec::new();
        for listed in self.bootloaders.iter().rev() {
            let name = listed.name;
            let attempt = listed.bootloader.shutdown(&self.boot);
            match tokio::time::timeout_at(deadline, attempt).await {
                Ok(Ok(())) => {}
                Ok(Err(source)) => errors.push(BootloaderError::Failed {
                    name,
                    phase: "shutdown",
                    source,
                }),
                Err(_) => errors.push(BootloaderError::Late {
                    name,
                    phase: "shutdown",
                    key: "app.shutdown_timeout",
                    limit,
                }),
            }
        }
        errors
    }
}

/// The section `app`; its defaults where it is broken, which is reported elsewhere.
fn app_config(boot: &Boot) -> Arc<AppConfig> {
    boot.get::<AppConfig>().unwrap_or_default()
}
