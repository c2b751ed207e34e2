//! The phases before `boot`, each a type: what belongs to one phase cannot be done in another.
//!
//! [`Declared`] (after `init`) → [`Configured`] (arguments known, config frozen, container sealed) → [`Booted`], which has a file
//! of its own. Each phase consumes the one before it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::booted::Booted;
use super::error::{BootError, KernelError};
use super::{Kernel, Report};
use crate::bootloader::{AsyncFactory, Boot, Bootloaders, Declarations, Init, Listed, order};
use crate::config::Config;
use crate::console::{Commands, Descriptions, Globals, Output};
use crate::container::{Bindings, Checks, Container, distinct};
use crate::environment::Environment;
use crate::shutdown::Shutdown;
use crate::supervisor::ServiceManager;

/// The name of what binds that which belongs to no bootloader.
const KERNEL: &str = "the kernel";

/// After `init`: everything is declared, nothing is read or built.
#[derive(Debug)]
pub(crate) struct Declared {
    bootloaders: Vec<Listed>,
    declarations: Declarations,
    environment: Environment,
    report: Report,
}

/// After the config was read: it is frozen, and the container is sealed. Nothing is built yet.
#[derive(Debug)]
pub(crate) struct Configured {
    bootloaders: Vec<Listed>,
    factories: Vec<AsyncFactory>,
    pub(crate) boot: Boot,
    config: Arc<Config>,
    report: Arc<Report>,
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
        // These are injected everywhere, so they are declared even if no bootloader has declared any.
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
        // Last, so that a test can put something in the place of any binding.
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

    /// Logs which variables the config passed over. It is called once there are logs.
    pub(crate) fn log_config(&self) {
        self.config.log();
    }

    /// Builds everything that is bound and everything that features build beside it.
    ///
    /// # Errors
    /// Everything that is wrong with the config. If nothing is, everything that cannot be built: with a broken section, each
    /// component that needs it would be reported too, and hide the one thing to mend.
    pub(crate) fn check(&self) -> Result<(), BootError> {
        let errors = self.config.errors();
        if !errors.is_empty() {
            return Err(BootError::Config(errors));
        }
        let container = &self.boot.container;
        // Held until both checks are over: they need much of the same.
        let _once = container.remember_failures();
        let others = container.get::<Checks>();
        let others = others.map_or_else(|fault| vec![fault], |checks| checks.run(container));
        let faults = distinct(container.check().into_iter().chain(others));
        if !faults.is_empty() {
            return Err(BootError::Container(faults));
        }
        Ok(())
    }

    /// Boots every bootloader in its turn, and starts the workers.
    ///
    /// # Errors
    /// What failed, with the application as far as it has booted: it has to be shut down.
    pub(crate) async fn boot(self) -> Result<Booted, (BootError, Booted)> {
        let Configured {
            bootloaders,
            mut factories,
            boot,
            report,
            ..
        } = self;
        let mut booted = Booted::new(boot);
        for (listed, timing) in bootloaders.into_iter().zip(report.enabled()) {
            let start = Instant::now();
            let own = factories.extract_if(.., |factory| factory.bootloader == listed.name);
            let own: Vec<AsyncFactory> = own.collect();
            if let Err(error) = booted.boot_next(listed, own).await {
                return Err((error, booted));
            }
            // It is empty: an application boots once.
            let _ = timing.boot.set(start.elapsed());
        }
        match booted.start_workers() {
            Ok(()) => Ok(booted),
            Err(error) => Err((error, booted)),
        }
    }
}
