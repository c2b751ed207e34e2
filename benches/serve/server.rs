//! The servers: each a process of its own, killed when dropped.

use std::fmt;
use std::ops::RangeInclusive;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a server may take to say where it listens.
const START: Duration = Duration::from_secs(10);

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    PerCore,
    Shared,
    PlainTonic,
}

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: String,
    process: Child,
    /// Held open: a server that writes to a closed pipe fails.
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// What a process takes of memory, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// All its pages.
    pub(crate) rss: u64,
    /// The same, with pages that several processes share divided by their number.
    pub(crate) pss: u64,
}

impl Contestant {
    pub(crate) const ALL: [Self; 3] = [Self::PerCore, Self::Shared, Self::PlainTonic];

    fn command(self) -> anyhow::Result<Command> {
        let mode = match self {
            Self::PerCore => "per_core",
            Self::Shared => "shared",
            Self::PlainTonic => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("plain-tonic");
                return Ok(command);
            }
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_app"));
        command
            .args(["-q", "serve"])
            .env("APP_SERVER__LISTEN", "127.0.0.1:0")
            .env("APP_SERVER__MODE", mode);
        Ok(command)
    }

    /// Starts it, and waits until it says where it listens.
    pub(crate) async fn start(self) -> anyhow::Result<Server> {
        let mut process = self
            .command()?
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {self}"))?;
        let stdout = process.stdout.take().context("stdout is not piped")?;
        let mut stdout = BufReader::new(stdout).lines();
        let address = async {
            while let Some(line) = stdout.next_line().await? {
                if let Some(address) = line.strip_prefix("listening on ") {
                    return Ok(address.to_owned());
                }
            }
            bail!("{self} ended without listening");
        };
        let address = timeout(START, address)
            .await
            .with_context(|| format!("{self} does not listen after {START:?}"))??;
        Ok(Server {
            address,
            process,
            _stdout: stdout,
        })
    }
}

impl Server {
    /// The CPU time of all its threads so far, in clock ticks (proc(5), `utime` and `stime`).
    pub(crate) fn cpu_ticks(&self) -> anyhow::Result<u64> {
        sum_of_fields(&self.proc("stat")?, 14..=15)
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let rollup = self.proc("smaps_rollup")?;
        let kib = |key: &str| -> anyhow::Result<u64> {
            let line = rollup.lines().find_map(|line| line.strip_prefix(key));
            let line = line.with_context(|| format!("smaps_rollup has no {key}"))?;
            Ok(line.trim().trim_end_matches(" kB").parse()?)
        };
        Ok(Memory {
            rss: kib("Rss:")?,
            pss: kib("Pss:")?,
        })
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let pid = self.process.id().context("a server ended by itself")?;
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }
}

/// The CPU time of all processes that this one waited for, in clock ticks (`cutime` and `cstime`).
pub(crate) fn children_cpu_ticks() -> anyhow::Result<u64> {
    sum_of_fields(&std::fs::read_to_string("/proc/self/stat")?, 16..=17)
}

/// Adds up fields of a stat file, numbered as in proc(5).
fn sum_of_fields(stat: &str, numbers: RangeInclusive<usize>) -> anyhow::Result<u64> {
    // The name of the program, field 2, is in brackets and may have spaces.
    let (_, fields) = stat.rsplit_once(") ").context("unknown form of stat")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let fields = fields
        .get(numbers.start() - 3..=numbers.end() - 3)
        .context("stat is too short")?;
    fields.iter().map(|field| Ok(field.parse::<u64>()?)).sum()
}

impl fmt::Display for Contestant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PerCore => "app serve, per_core",
            Self::Shared => "app serve, shared",
            Self::PlainTonic => "plain tonic",
        })
    }
}
