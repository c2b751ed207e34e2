//! The loop of `app dev`: a change of files comes in, and a new server takes over.
//!
//! A step is what a change asks for: generate, build, start. Each step is a future that a further change drops, so what a step
//! has done is noted in the changes that are still to be dealt with.

use std::fmt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use tokio::process::Command;
use tokio_util::task::TaskTracker;

use super::build::{self, Built};
use super::changes::Changes;
use super::group::Group;
use super::project::Project;
use super::server::ServerProcess;
use super::sockets::HeldSockets;
use super::watch::Watch;
use crate::config::{SectionReader, Sources};
use crate::console::{Failure, Globals, Output};
use crate::container::Bindings;
use crate::environment::Environment;
use crate::grpc::server::ServerConfig;
use crate::shutdown::Shutdown;

/// The project, the sockets, and the servers on them.
#[derive(Debug)]
pub(super) struct InnerLoop {
    project: Project,
    sockets: HeldSockets,
    sources: Arc<Sources>,
    options: Arc<Globals>,
    cargo_options: Vec<String>,
    tests: bool,
    /// Whether the tests are still to be run for the last build.
    untested: bool,
    output: Output,
    /// The binary of the last build that succeeded.
    binary: Option<PathBuf>,
    server: Option<ServerProcess>,
    /// Servers that have been asked to stop, and finish their calls.
    draining: TaskTracker,
}

/// Which part of a step failed, so that there is no new server. The tool that failed has printed why.
#[derive(Debug)]
enum FailedStep {
    Generate,
    Build,
    Start(ExitStatus),
}

impl InnerLoop {
    pub(super) fn new(
        project: Project,
        sockets: HeldSockets,
        sources: Arc<Sources>,
        options: Arc<Globals>,
        cargo_options: Vec<String>,
        tests: bool,
        output: Output,
    ) -> Self {
        Self {
            project,
            sockets,
            sources,
            options,
            cargo_options,
            tests,
            untested: false,
            output,
            binary: None,
            server: None,
            draining: TaskTracker::new(),
        }
    }

    /// Runs until `shutdown` is requested, and then until every server has finished its calls.
    ///
    /// # Errors
    /// A tool cannot be run, or the files cannot be watched. A build or a server that fails is no error: it is printed, and the
    /// next change is awaited.
    pub(super) async fn run(
        mut self,
        mut watch: Watch,
        shutdown: &Shutdown,
    ) -> Result<(), Failure> {
        self.output
            .note(format_args!("holding {}", self.sockets.addresses()));
        let mut changes = Changes::all();
        while !shutdown.is_requested() {
            tokio::select! {
                () = shutdown.requested() => break,
                // A change during a step drops that step, with the compiler or the server that it has started. The next step does
                // what is left of both changes.
                more = watch.next() => {
                    let more = more?;
                    self.output.clear_status();
                    self.output.note(&more);
                    changes.add(more);
                }
                step = self.step(&mut changes) => {
                    self.swap(step?).await?;
                    tokio::select! {
                        () = shutdown.requested() => break,
                        more = watch.next() => changes = more?,
                        // It only ever ends with an error.
                        never = self.idle() => match never? {},
                    }
                    self.output.note(&changes);
                }
            }
        }
        if let Some(server) = self.server.take() {
            self.retire(server).await?;
        }
        self.draining.close();
        self.draining.wait().await;
        Ok(())
    }

    /// Does what the changes ask for, up to a server that is ready. What is done is taken out of the changes at once, so that it is
    /// not done again if this future is dropped.
    async fn step(
        &mut self,
        changes: &mut Changes,
    ) -> Result<Result<ServerProcess, FailedStep>, Failure> {
        if changes.contracts {
            if !self.generate().await? {
                return Ok(Err(FailedStep::Generate));
            }
            changes.contracts = false;
            // Generated code is code. Where it came out the same, cargo has nothing to do.
            changes.sources = true;
        }
        if changes.sources || self.binary.is_none() {
            let built = build::build(&self.project, &self.cargo_options, &self.output).await?;
            let Built::Binary { path, crates, took } = built else {
                return Ok(Err(FailedStep::Build));
            };
            changes.sources = false;
            self.untested = true;
            if crates > 0 {
                let seconds = took.as_secs_f32();
                self.output.note(format_args!("built in {seconds:.1} s"));
            }
            self.binary = Some(path);
        }
        self.follow_config();
        let binary = self
            .binary
            .as_deref()
            .expect("it was built above, or before");
        let root = &self.sources.root;
        let mut server = ServerProcess::start(binary, root, &self.options, &self.sockets)?;
        Ok(match server.ready().await? {
            Ok(()) => Ok(server),
            Err(status) => Err(FailedStep::Start(status)),
        })
    }

    /// Runs `grpc:generate` in a process of its own, which reads the config as it is now. Says whether it succeeded.
    async fn generate(&self) -> Result<bool, Failure> {
        // Before the first build, this process is the newest binary that there is.
        let binary = match &self.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?,
        };
        let mut command = Command::new(binary);
        command
            .arg("grpc:generate")
            .args(self.options.words())
            .current_dir(&self.project.root)
            .stdin(Stdio::null());
        Ok(Group::spawn(&mut command)?.ended().await?.success())
    }

    /// Binds the addresses of a changed config. If the config is broken, the sockets stay as they are: the server that is about to
    /// start reads the config too, and reports it.
    fn follow_config(&mut self) {
        let environment = self.sources.environment();
        let Some(config) = read_config(&self.sources, &environment) else {
            return;
        };
        match self.sockets.follow(&config) {
            Ok(false) => {}
            Ok(true) => self
                .output
                .note(format_args!("holding {}", self.sockets.addresses())),
            Err(error) => self.output.fault(&error),
        }
    }

    /// Lets the new server take over, or prints what failed and which server goes on.
    async fn swap(&mut self, step: Result<ServerProcess, FailedStep>) -> Result<(), Failure> {
        match step {
            Ok(server) => {
                if let Some(old) = self.server.replace(server) {
                    self.retire(old).await?;
                }
                // Printed only when the old server accepts no connection any more, so that whoever reads this reaches the new one.
                let addresses = self.sockets.addresses();
                self.output.note(format_args!("serving {addresses}"));
            }
            Err(failed) => {
                let meanwhile = match self.server {
                    Some(_) => "the server before it goes on",
                    None => "no server runs yet, connections wait",
                };
                self.output.error(format_args!("{failed}; {meanwhile}"));
            }
        }
        Ok(())
    }

    /// Asks a server to stop, and waits until it accepts no connection any more. It finishes its calls in the background.
    async fn retire(&self, mut server: ServerProcess) -> Result<(), Failure> {
        server.retire().await?;
        let output = self.output.clone();
        self.draining.spawn(async move {
            match server.ended().await {
                Ok(status) if status.success() => {}
                Ok(status) => {
                    output.error(format_args!("the server before it ended with {status}"));
                }
                Err(error) => {
                    output.error(format_args!("cannot await the server before it: {error}"));
                }
            }
        });
        Ok(())
    }

    /// Runs the tests if they are asked for, and then watches whether the server ends by itself. It never returns without an
    /// error, because only a change or a signal ends the waiting.
    async fn idle(&mut self) -> Result<std::convert::Infallible, Failure> {
        if self.tests && self.untested && self.server.is_some() {
            self.test().await?;
            self.untested = false;
        }
        let Some(server) = &mut self.server else {
            return Ok(std::future::pending().await);
        };
        let status = server.ended().await?;
        self.server = None;
        self.output.error(format_args!(
            "the server ended by itself, with {status}; connections wait for the next change"
        ));
        Ok(std::future::pending().await)
    }

    /// Runs the tests, and prints whether they pass.
    async fn test(&self) -> Result<(), Failure> {
        let mut command = Command::new("cargo");
        command
            .args(["test", "--quiet"])
            .args(&self.cargo_options)
            .current_dir(&self.project.root)
            .stdin(Stdio::null());
        let status = Group::spawn(&mut command)?.ended().await?;
        if status.success() {
            self.output.note("the tests pass");
        } else {
            self.output.error("the tests fail; the server goes on");
        }
        Ok(())
    }
}

/// The section `server` as it is now, or `None` where it is broken.
fn read_config(sources: &Sources, environment: &Environment) -> Option<Arc<ServerConfig>> {
    let mut bindings = Bindings::default();
    let section = SectionReader::of::<ServerConfig>("dev");
    sources.read(environment, |reader| reader.read(&[section], &mut bindings));
    bindings.seal().get().ok()
}

impl fmt::Display for FailedStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generate => formatter.write_str("nothing was generated"),
            Self::Build => formatter.write_str("the build failed"),
            Self::Start(status) => {
                write!(
                    formatter,
                    "the new server ended before it served, with {status}"
                )
            }
        }
    }
}
