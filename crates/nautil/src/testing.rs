//! The real kernel in a test: bindings are overridden, and clients and services are connected in memory, without a port.
//!
//! [`TestKernel`] calls console commands, and [`TestApp`] is what it starts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use shaku::Interface;

use crate::console::{Code, Descriptions, Globals, Output};
use crate::container::{Bindings, Container, ResolveError, Resolver};
use crate::environment::{Environment, Origin};
use crate::framework;
use crate::grpc::server::ServerConfig;
use crate::grpc::{Connect, InProcess, Services};
use crate::kernel::{BootError, Booted, Declared, Kernel, Process};
use crate::shutdown::Shutdown;
use crate::supervisor::ServiceManager;

/// The name of what overrides bindings, in the reports of the container.
const TEST: &str = "the test";

/// A kernel under test. It sees no process environment and no `.env`: its variables are those that the test sets.
///
/// ```
#[doc = include_str!("example.txt")]
/// use std::sync::Arc;
///
/// # use nautil::console::{Command, DynCommand, Failure, Output};
/// # use nautil::container::{Component, Interface};
/// use nautil::testing::TestKernel;
/// # use nautil::{Bootloader, Bootloaders, Init, Kernel};
///
/// # trait RateSource: Interface { fn rate(&self) -> f64; }
/// # struct Network;
/// # impl RateSource for Network { fn rate(&self) -> f64 { unreachable!("a test has no network") } }
/// # /// Print the rate of the lira
/// # #[derive(clap::Args)]
/// # struct LiraArguments {}
/// # #[derive(Component)]
/// # #[shaku(interface = DynCommand)]
/// # struct Lira { #[shaku(inject)] source: Arc<dyn RateSource> }
/// # impl Command for Lira {
/// #     const NAME: &'static str = "rates:lira";
/// #     type Arguments = LiraArguments;
/// #     async fn run(&self, _: LiraArguments, output: &Output) -> Result<(), Failure> {
/// #         output.line(format_args!("TRYUSD: {:.2}", self.source.rate()));
/// #         Ok(())
/// #     }
/// # }
/// # #[derive(PartialEq)]
/// # struct RatesBootloader;
/// # impl Bootloader for RatesBootloader {
/// #     fn init(&self, init: &mut Init<'_>) {
/// #         init.instance::<dyn RateSource>(Arc::new(Network)).command::<Lira>();
/// #     }
/// # }
/// # struct App;
/// # impl Kernel for App {
/// #     const NAME: &'static str = "currency-rate";
/// #     const VERSION: &'static str = "1.0.0";
/// #     fn bootloaders(&self) -> Bootloaders { Bootloaders::new().with(RatesBootloader) }
/// # }
/// struct Fixed(f64);
/// impl RateSource for Fixed {
///     fn rate(&self) -> f64 { self.0 }
/// }
///
/// # run(async {
/// let kernel = TestKernel::of(App)
///     .env("APP_ENV", "testing")
///     .config("server.limits.max_receive_message=1MiB")
///     .replace::<dyn RateSource>(Arc::new(Fixed(75.0)));
/// let called = kernel.console(["rates:lira"]).await;
/// assert_eq!(called.out, "TRYUSD: 75.00\n");
/// # Ok(()) });
/// ```
pub struct TestKernel<K> {
    kernel: K,
    environment: Environment,
    directory: PathBuf,
    assignments: Vec<String>,
    overrides: Vec<Override>,
}

type Override = Arc<dyn Fn(&mut Bindings) + Send + Sync>;

/// What a console command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The exit code that the process would have.
    pub code: Code,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

/// An application that has booted, until it is [stopped](Self::stop).
///
/// ```
#[doc = include_str!("example.txt")]
/// use std::sync::Arc;
///
/// struct Port(u16);
///
/// # run(async {
/// # let kernel = kernel(|init| { init.instance(Arc::new(Port(9001))); });
/// let app = kernel.start().await?;
/// assert_eq!(app.get::<Port>()?.0, 9001);
/// app.stop().await?;
/// # Ok(()) });
/// ```
pub struct TestApp {
    booted: Booted,
    container: Container,
    shutdown: Shutdown,
    descriptions: Descriptions,
}

/// Why an application under test did not start, or did not stop: what its console would have printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl<K: Kernel> TestKernel<K> {
    /// Puts a kernel under test. Its clients are connected to its own services, in memory.
    pub fn of(kernel: K) -> Self {
        let in_process = |bindings: &mut Bindings| {
            bindings.rebind_factory::<dyn Connect>(TEST, |resolver: &mut Resolver<'_>| {
                Ok(Arc::new(InProcess::new(
                    resolver.get::<Services>(),
                    resolver.get::<Container>(),
                    resolver.get::<ServerConfig>(),
                )))
            });
        };
        TestKernel {
            kernel,
            environment: Environment::default(),
            directory: PathBuf::from("."),
            assignments: Vec::new(),
            overrides: vec![Arc::new(in_process)],
        }
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.set(name, value, Origin::Process);
        self
    }

    /// Sets a config value over all files and variables, in the form `section.key=value`, as the flag `--set` does.
    #[must_use]
    pub fn config(mut self, assignment: &str) -> Self {
        self.assignments.push(assignment.to_owned());
        self
    }

    /// Sets the project's root, where `config/` is. The default is the working directory.
    #[must_use]
    pub fn root(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Puts a value in the place of what a bootloader binds to `I`. If nothing is bound to `I`, the application does not start.
    #[must_use]
    pub fn replace<I: Interface + ?Sized>(mut self, value: Arc<I>) -> Self {
        let replace = move |bindings: &mut Bindings| {
            bindings.rebind_instance::<I>(TEST, Arc::clone(&value));
        };
        self.overrides.push(Arc::new(replace));
        self
    }

    /// Runs a console command to its end, as a process would, and keeps what it says.
    pub async fn console<A: AsRef<str>>(&self, arguments: impl IntoIterator<Item = A>) -> Called {
        let (output, out, err) = Output::captured();
        let assignments = self.assignments.iter();
        let flags = assignments.flat_map(|assignment| ["--set".to_owned(), assignment.clone()]);
        let words = arguments.into_iter().map(|word| word.as_ref().to_owned());
        let words: Vec<String> = words.collect();
        let process = Process {
            arguments: std::iter::once("app".to_owned())
                .chain(words.iter().cloned())
                .chain(flags.filter(|_| !words.is_empty()))
                .map(Into::into)
                .collect(),
            environment: self.environment.clone(),
            directory: self.directory.clone(),
            output,
            shutdown: Shutdown::default(),
            service_manager: ServiceManager::default(),
            owned: false,
        };
        let overrides = &self.overrides;
        let code = process
            .run(&self.kernel, framework::bootloaders(), |bindings| {
                apply(overrides, bindings);
            })
            .await;
        Called {
            code,
            out: out.text(),
            err: err.text(),
        }
    }

    /// Boots the application, as `serve` does before it listens.
    ///
    /// # Errors
    /// Everything that keeps the application from starting.
    pub async fn start(self) -> Result<TestApp, Error> {
        let bootloaders = framework::bootloaders();
        let binary = "app".to_owned();
        let declared = Declared::init(&self.kernel, bootloaders, self.environment, binary)
            .map_err(|errors| Error(lines(&errors)))?;
        let descriptions = declared.descriptions().clone();
        let options = Globals {
            assignments: self.assignments,
            ..Globals::default()
        };
        let shutdown = Shutdown::default();
        let overrides = &self.overrides;
        let configured = declared.configure(
            self.directory,
            options,
            shutdown.clone(),
            ServiceManager::default(),
            |bindings| {
                apply(overrides, bindings);
            },
        );
        configured
            .check()
            .map_err(|error| Error(said(&error, &descriptions)))?;
        let container = configured.container().clone();
        match configured.boot().await {
            Ok(booted) => Ok(TestApp {
                booted,
                container,
                shutdown,
                descriptions,
            }),
            Err((error, booted)) => {
                booted.shutdown().await;
                Err(Error(said(&error, &descriptions)))
            }
        }
    }
}

impl TestApp {
    /// Returns the singleton that is bound to `I`. For the interface of a service that is its client, connected to the service.
    ///
    /// # Errors
    /// The singleton, or something that it needs, cannot be resolved.
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        self.container.get::<I>()
    }

    /// Stops the workers, and shuts the bootloaders down.
    ///
    /// # Errors
    /// The workers and bootloaders that failed, or that were late.
    pub async fn stop(self) -> Result<(), Error> {
        self.shutdown.request();
        let errors = self.booted.shutdown().await;
        if errors.is_empty() {
            Ok(())
        } else {
            let told = errors.iter().map(|error| told(error, &self.descriptions));
            Err(Error(told.collect::<Vec<_>>().join("\n")))
        }
    }
}

fn apply(overrides: &[Override], bindings: &mut Bindings) {
    overrides.iter().for_each(|replace| replace(bindings));
}

/// What keeps an application from starting, as the console tells it.
fn said(error: &BootError, descriptions: &Descriptions) -> String {
    let faults: Vec<String> = match error {
        BootError::Config(errors) => indented(errors, descriptions),
        BootError::Container(faults) => indented(faults, descriptions),
        BootError::Bootloader(_) | BootError::Stopped => return told(error, descriptions),
    };
    format!("{error}{}", faults.concat())
}

/// Each error on lines of its own.
fn indented<E: std::error::Error + 'static>(
    errors: &[E],
    descriptions: &Descriptions,
) -> Vec<String> {
    let texts = errors.iter().map(|error| descriptions.chain(error));
    let lines = texts.map(|chain| chain.join("\nbecause ").replace('\n', "\n  "));
    lines.map(|lines| format!("\n  {lines}")).collect()
}

/// An error with its causes, as the console tells it.
fn told(error: &(dyn std::error::Error + 'static), descriptions: &Descriptions) -> String {
    descriptions.chain(error).join("\n  because ")
}

fn lines(errors: &[impl ToString]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl<K: fmt::Debug> fmt::Debug for TestKernel<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TestKernel")
            .field("kernel", &self.kernel)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TestApp")
            .field("container", &self.container)
            .finish_non_exhaustive()
    }
}
