//! Docker, where it is usable; and a compose project that leaves nothing behind.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::source;
use crate::support::{Process, ROOT, Ran, skipped};

/// How long a build from nothing may take, on a machine that has other things to do; or the pull of its base.
const BUILDING: Duration = Duration::from_secs(30 * 60);

/// An engine that answers, with `docker compose` and the image that the builds begin with.
#[derive(Debug, Clone, Copy)]
pub(in crate::deployment) struct Engine(());

/// A compose project of this repository under a name of its own, on free ports. Containers, networks and images go with it.
pub(in crate::deployment) struct Stack {
    engine: Engine,
    name: String,
    arguments: Vec<String>,
}

impl Engine {
    /// `None` where there is none to be used; the first to ask says why.
    pub(in crate::deployment) fn find() -> Option<Self> {
        static FOUND: OnceLock<Option<Engine>> = OnceLock::new();
        *FOUND.get_or_init(|| match usable() {
            Ok(()) => Some(Engine(())),
            Err(why) => {
                skipped(
                    "deployment::docker",
                    format_args!("{why}; see .ci/setup/docker"),
                );
                None
            }
        })
    }

    /// Runs `docker …` to its end.
    pub(in crate::deployment) fn run<A: AsRef<OsStr>>(
        self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Ran {
        Process::start(Command::new("docker").args(arguments)).end_within(BUILDING)
    }
}

/// What keeps the tests from using Docker.
fn usable() -> Result<(), String> {
    answer(Command::new("docker").arg("info"))?;
    answer(Command::new("docker").args(["compose", "version"]))?;
    let image = base();
    if answer(Command::new("docker").args(["image", "inspect", &image])).is_err() {
        answer(Command::new("docker").args(["pull", "--quiet", &image]))?;
    }
    Ok(())
}

/// The output of a command, or the reason why there is none.
pub(in crate::deployment) fn answer(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!("{program} is not installed"));
        }
        Err(error) => return Err(format!("{program} does not start: {error}")),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().rfind(|line| !line.trim().is_empty());
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    Err(format!(
        "`{program} {}`: {}",
        words.join(" "),
        reason.unwrap_or("no reason")
    ))
}

/// The image that the Dockerfiles begin with.
pub(in crate::deployment) fn base() -> String {
    let file = source::read("deployment/docker/server/Dockerfile");
    let image = file.lines().find_map(|line| line.strip_prefix("ARG RUST="));
    image.expect("the base is an argument").to_owned()
}

impl Stack {
    /// A project that is not up yet. `.env` is this machine's, so compose is to do without it.
    pub(in crate::deployment) fn new(engine: Engine) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("currency-rate-test-{}-{number}", std::process::id());
        let files = ["--file", "docker-compose.yml", "--env-file", "/dev/null"];
        let arguments = ["compose", "--project-name", &name].into_iter();
        Stack {
            engine,
            arguments: arguments.chain(files).map(str::to_owned).collect(),
            name,
        }
    }

    /// Puts a file over `docker-compose.yml`.
    pub(in crate::deployment) fn with(mut self, file: &str) -> Self {
        self.arguments
            .extend(["--file".to_owned(), file.to_owned()]);
        self
    }

    /// `docker compose …`, not started yet. A port of the host is any free one.
    pub(in crate::deployment) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(&self.arguments)
            .args(arguments)
            .current_dir(ROOT)
            .env("CURRENCY_RATE_PORT", "0")
            .env("DEBUGGER_PORT", "0");
        command
    }

    /// Runs `docker compose …` to its end.
    pub(in crate::deployment) fn run(&self, arguments: &[&str]) -> Ran {
        Process::start(&mut self.command(arguments)).end_within(BUILDING)
    }

    /// Builds the images, and starts the services once they are healthy.
    pub(in crate::deployment) fn up(self, arguments: &[&str]) -> Self {
        self.run(&[&["up", "--detach", "--build"], arguments].concat())
            .with_code(0);
        self
    }

    /// Where a port of a container is reached from here.
    pub(in crate::deployment) fn address(
        &self,
        service: &str,
        index: u32,
        port: u16,
    ) -> SocketAddr {
        let (index, port) = (index.to_string(), port.to_string());
        let ran = self.run(&["port", "--index", &index, service, &port]);
        let text = ran.with_code(0).out;
        let (_, port) = text.trim().rsplit_once(':').unwrap();
        SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()))
    }

    /// What `docker inspect` says of a service's container.
    pub(in crate::deployment) fn inspect(&self, service: &str, format: &str) -> String {
        let container = format!("{}-{service}-1", self.name);
        let ran = self.engine.run(["inspect", "--format", format, &container]);
        ran.with_code(0).out.trim().to_owned()
    }

    /// The image that was built for a service.
    pub(in crate::deployment) fn image(&self, service: &str) -> String {
        format!("{}-{service}", self.name)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // What is not there needs no removing.
        let down = ["down", "--volumes", "--rmi", "local", "--timeout", "0"];
        let _ = self.command(&down).output();
    }
}
