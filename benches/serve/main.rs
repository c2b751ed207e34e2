//! What a call costs, beside a plain tonic server: `cargo bench --bench serve`.
//!
//! `-- startup` measures how soon `app serve` answers, and its size; `-- swap` how soon a saved file answers; `-- build` measures
//! the compiler, `-- images` Docker. The method and figures are in `docs/benchmarks.md`. Nothing here asserts a time.

#![allow(
    clippy::disallowed_macros,
    reason = "a bench speaks to the terminal on standard output"
)]

mod build;
mod calls;
mod client;
mod images;
mod plain_tonic;
mod server;
mod startup;
mod summary;
mod swap;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench serve --", about = "What a call costs")]
struct Arguments {
    /// Given by `cargo bench`, and not by `cargo test --benches`.
    #[arg(long, global = true, hide = true)]
    bench: bool,
    #[command(flatten)]
    calls: calls::Arguments,
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// The time to the first answer, memory, and the size of the binary
    Startup,
    /// The time from a saved file to the new answer, in a copy of the project: many minutes
    Swap,
    /// How long the compiler takes, in a copy of the project: many minutes
    Build,
    /// The size of the images, and how long Docker builds them: many minutes
    Images,
    /// The peer: the same service on tonic alone
    #[command(hide = true)]
    PlainTonic,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.mode {
        Some(Mode::PlainTonic) => plain_tonic::serve(),
        _ if !arguments.bench => {
            println!("measures nothing without `cargo bench`");
            Ok(())
        }
        mode => measure(mode, arguments.calls),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one mode. A signal drops it, and with it the servers that it started.
#[tokio::main(flavor = "current_thread")]
async fn measure(mode: Option<Mode>, arguments: calls::Arguments) -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let measured = async {
        match mode {
            Some(Mode::Startup) => startup::measure().await,
            Some(Mode::Swap) => swap::measure().await,
            Some(Mode::Build) => build::measure().await,
            Some(Mode::Images) => images::measure().await,
            _ => calls::measure(arguments).await,
        }
    };
    tokio::select! {
        ended = measured => ended,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}
