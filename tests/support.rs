//! A project in a temporary directory, and the built binary in it: processes that are heard, signalled, and cannot hang.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::disk::copy;

/// How long a process may take to say or do what it should. Only a test that fails waits so long.
const DEADLINE: Duration = Duration::from_secs(300);

/// The root of this repository.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The variable that tells the client where the server is.
pub(crate) const HOST: &str = "CURRENCY_RATE_SERVICE_HOST";

/// A copy of what a project's commands read and write: `config/`, `proto/`, `generated/`, `.env`.
pub(crate) struct Project(TempDir);

/// A process whose output is read as it comes. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    out: Pipe,
    err: Pipe,
}

/// A process that ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// `None` is an end by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `serve`, on a free port.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

/// One of a process's outputs, line by line, with everything that was read.
struct Pipe {
    lines: Receiver<String>,
    text: String,
}

/// Says on standard error, past the test runner, that a test is skipped, and why.
pub(crate) fn skipped(test: &str, why: impl fmt::Display) {
    let line = format!("skipped: {test}: {why}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Awaits what comes at once from a server that works.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    let limited = tokio::time::timeout(DEADLINE, future).await;
    limited.expect("an answer in time")
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Project(tempfile::tempdir().unwrap());
        for part in ["config", "proto", "generated", ".env"] {
            copy(&Path::new(ROOT).join(part), &project.path(part));
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// The application in this project, with no variable but those that are set on the result.
    pub(crate) fn app<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_app"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear();
        command
    }

    /// Runs a command of the application to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Process::start(&mut self.app(arguments)).end()
    }

    /// Runs a command of the application against a server.
    pub(crate) fn ask<A: AsRef<OsStr>>(
        &self,
        server: &Server,
        arguments: impl IntoIterator<Item = A>,
    ) -> Ran {
        Process::start(self.app(arguments).env(HOST, server.address.to_string())).end()
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(self.app(["serve"]).env("APP_SERVER__LISTEN", "127.0.0.1:0"))
    }
}

impl Server {
    /// Starts what is to say where it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command);
        let line = process.says("listening on ");
        let address = line.strip_prefix("listening on ").unwrap().parse().unwrap();
        Server { process, address }
    }

    /// A connection for the clients of tonic's making.
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::new(format!("http://{}", self.address)).unwrap();
        in_time(endpoint.connect()).await.unwrap()
    }
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts what reads from its standard input what it is to do.
    pub(crate) fn start_with_input(command: &mut Command) -> (Self, ChildStdin) {
        let mut process = Self::spawn(command.stdin(Stdio::piped()));
        let input = process.child.stdin.take().unwrap();
        (process, input)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Process {
            out: Pipe::of(child.stdout.take().unwrap()),
            err: Pipe::of(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Waits for a line with `text` on standard output.
    pub(crate) fn says(&mut self, text: &str) -> String {
        let line = self.out.until(text);
        line.unwrap_or_else(|| self.surprise(text))
    }

    /// Waits for a line with `text` on standard error.
    pub(crate) fn logs(&mut self, text: &str) -> String {
        let line = self.err.until(text);
        line.unwrap_or_else(|| self.surprise(text))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(self) -> Ran {
        self.end_within(DEADLINE)
    }

    /// Waits for the end of what may take longer than others.
    pub(crate) fn end_within(mut self, limit: Duration) -> Ran {
        let until = Instant::now() + limit;
        for pipe in [&mut self.out, &mut self.err] {
            while let Some(line) = pipe.next(until) {
                drop(line);
            }
        }
        if Instant::now() >= until {
            self.surprise("and ends");
        }
        // Both pipes are closed: it is as good as gone.
        let status = self.child.wait().unwrap();
        Ran {
            code: status.code(),
            out: std::mem::take(&mut self.out.text),
            err: std::mem::take(&mut self.err.text),
        }
    }

    fn surprise(&self, awaited: &str) -> ! {
        let (out, err) = (&self.out.text, &self.err.text);
        panic!("awaited: {awaited}\n--- standard output\n{out}--- standard error\n{err}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors here say that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pipe {
    fn of(reader: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                if sender
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    return;
                }
                line.clear();
            }
        });
        let text = String::new();
        Pipe { lines, text }
    }

    /// The next line; `None` at the end of the output, or of the time.
    fn next(&mut self, until: Instant) -> Option<String> {
        let left = until.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => {
                self.text.push_str(&line);
                Some(line)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    fn until(&mut self, text: &str) -> Option<String> {
        let until = Instant::now() + DEADLINE;
        loop {
            let line = self.next(until)?;
            if line.contains(text) {
                return Some(line.trim_end().to_owned());
            }
        }
    }
}

impl Ran {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ran { code, out, err } = self;
        write!(
            formatter,
            "exit code {code:?}\n--- standard output\n{out}--- standard error\n{err}"
        )
    }
}
