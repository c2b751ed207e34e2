//! One run of an application: its phases from the first line to the exit code.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;

use clap::ArgMatches;

use super::panic::{Panicked, caught};
use super::{BootError, Booted, Configured, Declared, Kernel, signals};
use crate::bootloader::Bootloaders;
use crate::console::{Code, CommandEntry, Invocation, Output, Preview, parse, print_failure};
use crate::container::{Bindings, Container};
use crate::environment::Environment;
use crate::shutdown::Shutdown;
use crate::supervisor::ServiceManager;
use crate::telemetry;

/// What an application gets from the operating system.
#[derive(Debug)]
pub(crate) struct Process {
    /// The command line, the program's name first.
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Environment,
    /// The working directory: the project's root.
    pub(crate) directory: PathBuf,
    pub(crate) output: Output,
    pub(crate) shutdown: Shutdown,
    pub(crate) service_manager: ServiceManager,
    /// Whether the process is the application's own, so that the application may take its signals and its logs. A test runs many
    /// applications in one process, and keeps both.
    pub(crate) owned: bool,
}

/// Runs the application in this process, with the bootloaders of the framework before its own. `begin` is called with the
/// environment before anything else happens.
pub(crate) fn run<K: Kernel>(
    kernel: &K,
    framework: Bootloaders,
    begin: impl FnOnce(&Environment),
) -> ExitCode {
    let environment = Environment::read(Path::new(".env"));
    begin(&environment);
    // It changes the process environment, which is not safe once there is a second thread. So it comes before the runtime.
    let service_manager = ServiceManager::of_process(&environment);
    let output = Output::standard(
        environment
            .get("NO_COLOR")
            .is_some_and(|set| !set.is_empty()),
    );
    // The command runs on this thread, and what bootloaders and workers do runs on two others. So a `boot` that blocks its thread
    // holds up neither a signal nor the command. The server's workers have threads of their own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("nautil-main")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(format_args!("cannot start the runtime: {error}"));
            return ExitCode::from(Code::Failed as u8);
        }
    };
    let process = Process {
        arguments: std::env::args_os().collect(),
        environment,
        directory: PathBuf::from("."),
        output,
        shutdown: Shutdown::default(),
        service_manager,
        owned: true,
    };
    let code = runtime.block_on(process.run(kernel, framework, |_| {}));
    // Dropping the runtime would wait for a task that a bootloader has left behind and that blocks its thread.
    runtime.shutdown_background();
    ExitCode::from(code as u8)
}

impl Process {
    /// Runs the phases, one after the other. `override_bindings` can replace any binding.
    ///
    /// A result that could not be written turns success into failure: a script that reads half a result is to notice.
    pub(crate) async fn run<K: Kernel>(
        self,
        kernel: &K,
        framework: Bootloaders,
        override_bindings: impl FnOnce(&mut Bindings),
    ) -> Code {
        let output = self.output.clone();
        let code = self.phases(kernel, framework, override_bindings).await;
        match output.finish() {
            Ok(()) => code,
            Err(error) => {
                output.error(format_args!("cannot write to standard output: {error}"));
                Code::Failed
            }
        }
    }

    async fn phases<K: Kernel>(
        self,
        kernel: &K,
        framework: Bootloaders,
        override_bindings: impl FnOnce(&mut Bindings),
    ) -> Code {
        let Process {
            arguments,
            mut environment,
            directory,
            output,
            shutdown,
            service_manager,
            owned,
        } = self;

        // 1. Environment: the process over `.env`, and what the command line says about it. The command line is read for real in
        // phase 3. But conditions of bootloaders ask for `APP_ENV`, and errors of this phase and the next are to be printed as
        // the flags say.
        let preview = Preview::of(&arguments);
        let mut output = output.with(preview.verbosity(), preview.no_ansi);
        if let Some(name) = &preview.env {
            environment.select(name);
        }

        // 2. Init: every bootloader declares.
        let binary = binary(&arguments);
        let declared = match Declared::init(kernel, framework, environment, binary) {
            Ok(declared) => declared,
            Err(errors) => {
                for error in &errors {
                    output.fault(error);
                }
                return Code::Failed;
            }
        };

        output = output.describing(declared.descriptions());

        // 3. Arguments: before the config, so that help needs none.
        let (globals, invocation) = match parse(declared.commands(), arguments) {
            Ok(parsed) => parsed,
            Err(failure) => {
                print_failure(&failure, &output);
                return failure.code();
            }
        };
        output = output.with(globals.verbosity(), globals.no_ansi);
        let (index, matches) = match invocation {
            Invocation::Command { index, matches } => (index, matches),
            Invocation::List => {
                declared.list(&output);
                return Code::Done;
            }
            Invocation::Text(text) => {
                output.text(text);
                return Code::Done;
            }
        };
        let command = *declared.commands().get(index);
        // Asked here, because the container takes the service manager.
        let supervised = service_manager.is_there();

        // 4. Config: read once, frozen; then the container is sealed.
        let configured = declared.configure(
            directory,
            globals,
            shutdown.clone(),
            service_manager,
            override_bindings,
        );
        let logs = owned.then(|| telemetry::start(configured.container(), &output));
        if owned {
            configured.log_config();
        }

        let code = if (command.boots)(&matches) {
            // A service manager has sent the signal itself, and needs no word about it.
            let reader = (!supervised).then(|| output.clone());
            if owned && let Err(error) = signals::on_signals(shutdown, reader) {
                output.error(format_args!("cannot listen for signals: {error}"));
                return Code::Failed;
            }
            booted(configured, command, &matches, &output).await
        } else {
            // SIGINT ends such a command as it ends any program: there is nothing to shut down.
            run_command(configured.container(), command, &matches, &output).await
        };
        // Writes the log lines that wait, before the process ends.
        drop(logs);
        code
    }
}

/// 5. boot, 6. run, 7. shutdown.
async fn booted(
    configured: Configured,
    command: CommandEntry,
    matches: &ArgMatches,
    output: &Output,
) -> Code {
    if let Err(error) = configured.check() {
        print_boot_error(&error, output);
        return Code::Failed;
    }
    let (booted, mut code) = match configured.boot().await {
        Ok(mut booted) => {
            let code = run_beside_workers(&mut booted, command, matches, output).await;
            (booted, code)
        }
        Err((error, booted)) => {
            print_boot_error(&error, output);
            (booted, Code::Failed)
        }
    };
    for error in booted.shutdown().await {
        output.fault(&error);
        code = Code::Failed;
    }
    code
}

/// Runs a command to its end. If a worker fails, the command is asked to stop, and is awaited all the same: a server has calls to
/// finish.
async fn run_beside_workers(
    booted: &mut Booted,
    command: CommandEntry,
    matches: &ArgMatches,
    output: &Output,
) -> Code {
    let container = booted.boot.container.clone();
    let shutdown = booted.boot.shutdown.clone();
    let mut command = pin!(run_command(&container, command, matches, output));
    let mut is_well = true;
    loop {
        let error = tokio::select! {
            // The command first: once it has ended, the workers that end with it are for the shutdown to report.
            biased;
            code = command.as_mut() => {
                return if is_well { code } else { Code::Failed };
            }
            error = booted.worker_failed() => error,
        };
        output.fault(&error);
        is_well = false;
        shutdown.request();
    }
}

/// 6. run.
async fn run_command(
    container: &Container,
    command: CommandEntry,
    matches: &ArgMatches,
    output: &Output,
) -> Code {
    let runnable = match command.make(container) {
        Ok(runnable) => runnable,
        Err(error) => {
            output.fault(&error);
            return Code::Failed;
        }
    };
    match caught(runnable.execute(matches, output)).await {
        Ok(Ok(())) => Code::Done,
        Ok(Err(failure)) => {
            print_failure(&failure, output);
            failure.code()
        }
        Err(panicked) => {
            let name = command.name;
            output.fault(&CommandPanicked {
                name,
                source: panicked,
            });
            Code::Failed
        }
    }
}

/// The error of a command that panicked.
#[derive(Debug, thiserror::Error)]
#[error("command `{name}` failed")]
struct CommandPanicked {
    name: &'static str,
    source: Panicked,
}

fn print_boot_error(error: &BootError, output: &Output) {
    match error {
        BootError::Config(errors) => errors.iter().for_each(|error| output.fault(error)),
        BootError::Container(faults) => faults.iter().for_each(|fault| output.fault(fault)),
        BootError::Bootloader(error) => output.fault(error),
        BootError::Stopped => output.note(error),
    }
}

/// The name of the program as it was called, for its help: the file's name without its directory.
fn binary(arguments: &[OsString]) -> String {
    let program = arguments.first().map(PathBuf::from);
    program
        .as_deref()
        .and_then(|path| path.file_stem())
        .map_or_else(
            || "app".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}
