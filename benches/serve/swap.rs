//! How long it takes from a saved file to the new answer: `app dev`, beside a loop that stops the server, builds and starts it
//! again, as `cargo watch -x 'run -- serve'` does. In a copy of the project.

use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::build::copy_tree;
use super::client::Client;
use super::summary::Summary;

const ROUNDS: usize = 3;
/// In each round, of each kind.
const EDITS: usize = 4;
const SERVICE: &str = "app/src/endpoint/grpc/currency_rate_service.rs";
const RATES: &str = "config/rates.toml";
/// Where the service says its rate.
const RATE: &str = "rate: rate.to_string(),";
/// Between two calls of the caller who waits for the new answer.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the new answer may take.
const LIMIT: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy)]
enum Loop {
    Dev,
    Restart,
}

/// The project, and who serves it now.
struct Project<'directory> {
    root: &'directory Path,
    address: String,
    kind: Loop,
    server: Child,
}

/// Seconds to the new answer, and the calls that failed on the way.
#[derive(Default)]
struct Measured {
    sources: Vec<f64>,
    configs: Vec<f64>,
    failed: usize,
}

pub(crate) async fn measure() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let root = directory.path();
    copy_tree(Path::new(env!("CARGO_MANIFEST_DIR")), root)?;
    cargo(root, &["build", "--quiet"]).status().await?;

    let mut measured = [Loop::Dev, Loop::Restart].map(|kind| (kind, Measured::default()));
    for _ in 0..ROUNDS {
        for (kind, measured) in &mut measured {
            let mut project = Project::serve(root, *kind).await?;
            for edit in 0..EDITS {
                project.edit_source(edit, measured).await?;
            }
            project.restore_source(measured).await?;
            for edit in 0..EDITS {
                project.edit_config(edit, measured).await?;
            }
            project.stop().await?;
        }
    }

    let edits = ROUNDS * EDITS;
    println!(
        "{edits} edits of each kind; seconds from the save to the new answer, median (lowest to highest)\n"
    );
    println!("| loop | a source | a config | calls that failed meanwhile |\n|---|---|---|---|");
    for (kind, measured) in measured {
        let Measured {
            sources,
            configs,
            failed,
        } = measured;
        let (Some(sources), Some(configs)) = (Summary::of(sources), Summary::of(configs)) else {
            bail!("nothing was measured");
        };
        println!("| {kind} | {sources} | {configs} | {failed} |");
    }
    Ok(())
}

impl<'directory> Project<'directory> {
    async fn serve(root: &'directory Path, kind: Loop) -> anyhow::Result<Self> {
        // One answer and no other, so that the next one is new.
        fs::write(root.join(RATES), "lowest = 75\nhighest = 75\n")?;
        // Free until the server has it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let server = start(root, kind, &address)?;
        let project = Self {
            root,
            address,
            kind,
            server,
        };
        project.answers(|_| true).await?;
        Ok(project)
    }

    async fn edit_source(&mut self, edit: usize, measured: &mut Measured) -> anyhow::Result<()> {
        let rate = format!("{}.00", 70 + edit);
        let text = fs::read_to_string(self.root.join(SERVICE))?;
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("rate: "));
        let line = line.context("the service says no rate")?;
        let next = format!("            rate: {{ let _ = &rate; \"{rate}\".to_owned() }},");
        let (seconds, failed) = self
            .save(SERVICE, &text.replace(line, &next), &rate)
            .await?;
        measured.sources.push(seconds);
        measured.failed += failed;
        Ok(())
    }

    /// So that the answer comes from the config again. Not measured.
    async fn restore_source(&mut self, measured: &mut Measured) -> anyhow::Result<()> {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SERVICE))?;
        ensure!(text.contains(RATE), "{SERVICE} says its rate otherwise");
        let (_, failed) = self.save(SERVICE, &text, "75.00").await?;
        measured.failed += failed;
        Ok(())
    }

    async fn edit_config(&mut self, edit: usize, measured: &mut Measured) -> anyhow::Result<()> {
        let rate = 70 + edit;
        let text = format!("lowest = {rate}\nhighest = {rate}\n");
        let (seconds, failed) = self.save(RATES, &text, &format!("{rate}.00")).await?;
        measured.configs.push(seconds);
        measured.failed += failed;
        Ok(())
    }

    /// Saves a file, and calls over new connections until the answer is the new one.
    async fn save(&mut self, path: &str, text: &str, rate: &str) -> anyhow::Result<(f64, usize)> {
        let start = Instant::now();
        fs::write(self.root.join(path), text)?;
        if let Loop::Restart = self.kind {
            stop(&mut self.server).await?;
            self.server = start_again(self.root, &self.address)?;
        }
        let failed = self.answers(|answer| answer == rate).await?;
        Ok((start.elapsed().as_secs_f64(), failed))
    }

    /// Calls until an answer is as wanted, and counts the calls that failed.
    async fn answers(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<usize> {
        let start = Instant::now();
        let mut failed = 0;
        while start.elapsed() < LIMIT {
            let called = async { Client::connect(&self.address).await?.call().await };
            match called.await {
                Ok(answer) if wanted(&answer.rate) => return Ok(failed),
                Ok(_) => {}
                Err(_) => failed += 1,
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{} has no new answer after {LIMIT:?}", self.kind)
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        stop(&mut self.server).await
    }
}

fn start(root: &Path, kind: Loop, address: &str) -> anyhow::Result<Child> {
    match kind {
        Loop::Restart => start_again(root, address),
        Loop::Dev => {
            let mut dev = cargo(root, &["run", "--quiet", "--", "dev"]);
            let mut child = spawn(
                dev.env("APP_SERVER__LISTEN", address)
                    .stderr(Stdio::piped()),
            )?;
            // Read on, so that nobody waits for room in the pipe.
            let said = child.stderr.take().context("stderr is not piped")?;
            let mut lines = BufReader::new(said).lines();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok(child)
        }
    }
}

fn start_again(root: &Path, address: &str) -> anyhow::Result<Child> {
    let mut serve = cargo(root, &["run", "--quiet", "--", "-q", "serve"]);
    spawn(
        serve
            .env("APP_SERVER__LISTEN", address)
            .stderr(Stdio::null()),
    )
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    command
        .stdout(Stdio::null())
        .spawn()
        .context("cannot run cargo")
}

fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Lets the server finish, as whoever watches files does.
async fn stop(server: &mut Child) -> anyhow::Result<()> {
    let id = server.id().context("the server ended by itself")?;
    let id =
        rustix::process::Pid::from_raw(i32::try_from(id)?).context("no process has number 0")?;
    rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
    server.wait().await?;
    Ok(())
}

impl fmt::Display for Loop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dev => "`app dev`",
            Self::Restart => "stop, `cargo run -- serve`",
        })
    }
}
