//! One run of cargo: what it compiles, what the compiler says, and the binary at the end.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cargo_metadata::Message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::group::Group;
use super::project::Project;
use crate::console::Output;

/// How often the progress line is written anew.
const TICK: Duration = Duration::from_millis(100);

/// How a build ended.
#[derive(Debug)]
pub(super) enum Built {
    /// The binary is there. It may be the one that was there before the build.
    Binary {
        path: PathBuf,
        crates: usize,
        took: Duration,
    },
    /// The compiler refused the code. What it says has been printed.
    Refused,
}

/// Why there was no build.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("cannot run cargo: is it in PATH?")]
    Cargo(#[source] std::io::Error),
    #[error("cannot read what cargo says")]
    Read(#[from] std::io::Error),
    #[error("cargo built, and named no binary `{0}`")]
    NoBinary(String),
}

/// The status line of a build.
struct Progress<'output> {
    output: &'output Output,
    started: Instant,
    crates: usize,
}

/// Builds the application, and prints what the compiler says. If the future is dropped, the compiler is stopped.
pub(super) async fn build(
    project: &Project,
    arguments: &[String],
    output: &Output,
) -> Result<Built, Error> {
    let mut command = Command::new("cargo");
    command
        .args(["build", "--quiet", "--bin", &project.binary])
        .arg("--message-format=json-render-diagnostics")
        .arg(if output.error_ansi() {
            "--color=always"
        } else {
            "--color=never"
        })
        .args(arguments)
        .current_dir(&project.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut cargo = Group::spawn(&mut command).map_err(Error::Cargo)?;
    let (stdout, stderr) = (cargo.stdout(), cargo.stderr());
    let mut progress = Progress {
        output,
        started: Instant::now(),
        crates: 0,
    };

    // Both pipes are read side by side: cargo would wait for a reader if one of them were full. The diagnostics are kept to the
    // end, so that they stay in one piece.
    let diagnostics = async {
        let mut text = String::new();
        match stderr {
            Some(mut stderr) => stderr.read_to_string(&mut text).await.map(|_| text),
            None => Ok(text),
        }
    };
    let messages = async {
        let mut binary = None;
        let Some(stdout) = stdout else {
            return Ok(binary);
        };
        let mut lines = BufReader::new(stdout).lines();
        let mut ticks = tokio::time::interval(TICK);
        loop {
            let line = tokio::select! {
                line = lines.next_line() => line?,
                _ = ticks.tick() => {
                    progress.show();
                    continue;
                }
            };
            let Some(line) = line else {
                return Ok::<_, std::io::Error>(binary);
            };
            let Some(Ok(Message::CompilerArtifact(artifact))) =
                Message::parse_stream(line.as_bytes()).next()
            else {
                continue;
            };
            progress.crates += usize::from(!artifact.fresh);
            if artifact.target.is_bin() && artifact.target.name == project.binary {
                binary = artifact.executable.map(PathBuf::from);
            }
        }
    };
    let (diagnostics, binary) = tokio::join!(diagnostics, messages);
    let (diagnostics, binary) = (diagnostics?, binary?);
    let status = cargo.ended().await?;
    output.clear_status();
    output.error_text(diagnostics);
    if !status.success() {
        return Ok(Built::Refused);
    }
    Ok(Built::Binary {
        path: binary.ok_or_else(|| Error::NoBinary(project.binary.clone()))?,
        crates: progress.crates,
        took: progress.started.elapsed(),
    })
}

impl Progress<'_> {
    fn show(&self) {
        let seconds = self.started.elapsed().as_secs_f32();
        let Self { output, crates, .. } = self;
        output.status(format_args!("building: {crates} compiled, {seconds:.1} s"));
    }
}
