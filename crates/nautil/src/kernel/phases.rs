//! The phases, each a type: what belongs to one phase cannot be done in another.
//!
//! [`Declared`] (after `init`) → [`Configured`] (arguments known, config frozen, container sealed) → [`Booted`].

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::{AppConfig, Kernel, Report, ServiceManager, Shutdown, all};
use crate::bootloader::{
    Boot, BoxError, Declaration, DeclareError, Init, Listed, OrderError, order,
};
use crate::config::{self, Config, Reader};
use crate::console::{Commands, Globals, Output, chain};
use crate::container::{Bindings, Container, ResolveError, distinct};
use crate::environment::Environment;
use crate::grpc::Services;

/// After `init`: everything is declared, nothing is read or built.
#[derive(Debug)]
pub(crate) struct Declared {
    bootloaders: Vec<Listed>,
    declaration: Declaration,
    environment: Environment,
    report: Report,
    pub(crate) commands: Commands,
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
    #[error("the config is broken{}", indented(.0))]
    Config(Vec<config::Error>),
    #[error("the container is broken{}", indented(.0))]
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

/// Where a run takes place, and the options that it was given.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The project's root; relative paths start here.
    pub(crate) root: PathBuf,
    pub(crate) options: Globals,
}

impl Sources {
    /// The directory of the config, from the root.
    pub(crate) fn config_directory(&self) -> &Path {
        self.options
            .config
            .as_deref()
            .unwrap_or(Path::new("config"))
    }

    /// The environment as it is now, with what the command line says about it.
    #[cfg(feature = "dev")]
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::read(&self.root.join(".env"));
        if let Some(name) = &self.options.env {
            environment.select(name);
        }
        environment
    }

    /// Reads the config, in some way, in this environment.
    pub(crate) fn read<T>(
        &self,
        environment: &Environment,
        read: impl FnOnce(&Reader<'_>) -> T,
    ) -> T {
        let directory = self.config_directory();
        read(&Reader {
            directory: &self.root.join(directory),
            shown: directory.to_owned(),
            environment,
            assignments: &self.options.assignments,
        })
    }
}

impl Declared {
    /// Orders the bootloaders and lets each declare what it consists of.
    pub(crate) fn init<K: Kernel>(
        kernel: &K,
        environment: Environment,
        binary: String,
    ) -> Result<Self, Vec<KernelError>> {
        let (bootloaders, skipped) = order(all(kernel), &environment).map_err(|errors| {
            errors
                .into_iter()
                .map(KernelError::from)
                .collect::<Vec<_>>()
        })?;
        let mut declaration = Declaration::default();
        let mut report = Report::default();
        for listed in &bootloaders {
            let start = Instant::now();
            listed
                .bootloader
                .init(&mut Init::new(listed.name, &mut declaration));
            report.add(listed.name, start.elapsed());
        }
        for (listed, reason) in skipped {
            report.skip(listed.name, reason);
        }
        if !declaration.errors.is_empty() {
            let errors = declaration.errors.into_iter();
            return Err(errors.map(KernelError::from).collect());
        }
        let entries = declaration.commands.clone();
        Ok(Declared {
            commands: Commands::new(K::NAME, K::VERSION, binary, entries),
            bootloaders,
            declaration,
            environment,
            report,
        })
    }

    /// Prints the list of commands.
    pub(super) fn list(&self, output: &Output) {
        self.commands.list(self.environment.name(), output);
    }

    /// Reads the config and seals the container. `override_bindings` has the last word before that.
    pub(crate) fn configure(
        self,
        sources: Sources,
        shutdown: Shutdown,
        service_manager: ServiceManager,
        override_bindings: impl FnOnce(&mut Bindings),
    ) -> Configured {
        let mut bindings = self.declaration.bindings;
        let config = sources.read(&self.environment, |reader| {
            reader.read(&self.declaration.sections, &mut bindings)
        });
        let config = Arc::new(config);
        let environment = Arc::new(self.environment);
        let report = Arc::new(self.report);

        const KERNEL: &str = "the kernel";
        bindings.instance(KERNEL, Arc::new(self.commands));
        bindings.instance(KERNEL, Arc::clone(&config));
        bindings.instance(KERNEL, Arc::clone(&environment));
        bindings.instance(KERNEL, Arc::clone(&report));
        bindings.instance(KERNEL, Arc::new(self.declaration.services));
        bindings.instance(KERNEL, Arc::new(shutdown.clone()));
        bindings.instance(KERNEL, Arc::new(service_manager));
        bindings.instance(KERNEL, Arc::new(sources));
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
        let services = container.get::<Services>();
        let services = services.map_or_else(|fault| vec![fault], |all| all.check(container));
        let faults = distinct(container.check().into_iter().chain(services));
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

/// Each error on lines of its own, with its causes.
fn indented<E: Error + 'static>(errors: &[E]) -> String {
    let lines = errors.iter().map(|error| {
        let text = chain(error).join("\nbecause ");
        format!("\n  {}", text.replace('\n', "\n  "))
    });
    lines.collect()
}
