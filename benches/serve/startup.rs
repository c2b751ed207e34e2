//! The time from start to the first answer, memory, and the size of the binary.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, bail};
use tokio::process::Command;

use super::client::Client;
use super::server::{Contestant, Memory};
use super::summary::Summary;

const STARTS: usize = 20;
const CALLS: usize = 1000;

pub(crate) async fn measure() -> anyhow::Result<()> {
    println!("{STARTS} starts; {CALLS} calls on one connection; median (lowest to highest)\n");
    println!(
        "| server | start to first answer, ms | RSS / PSS at the start, MiB | after {CALLS} calls, MiB |"
    );
    println!("|---|---|---|---|");
    for contestant in Contestant::ALL {
        println!("{}", starts(contestant).await?);
    }
    println!("\n| binary | MiB | stripped, MiB |\n|---|---|---|");
    let app = Path::new(env!("CARGO_BIN_EXE_app"));
    println!("| app | {} |", sizes(app).await?);
    println!("\n{} crates beside our own", dependencies(&[]).await?);
    println!(
        "{} without the feature `dev`",
        dependencies(&["--no-default-features"]).await?
    );
    Ok(())
}

async fn starts(contestant: Contestant) -> anyhow::Result<String> {
    let (mut answers, mut at_start, mut after_calls) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let start = Instant::now();
        let server = contestant.start().await?;
        let listening = start.elapsed();
        // Before the first call, and outside the time: reading it is not the server's work.
        at_start.push(server.memory()?);
        let connect = Instant::now();
        let mut client = Client::connect(&server.address).await?;
        client.call().await?;
        answers.push((listening + connect.elapsed()).as_secs_f64() * 1e3);
        for _ in 0..CALLS {
            client.call().await?;
        }
        after_calls.push(server.memory()?);
    }
    let (Some(answers), Some(at_start), Some(after_calls)) = (
        Summary::of(answers),
        memory(&at_start),
        memory(&after_calls),
    ) else {
        bail!("{contestant} was not started");
    };
    Ok(format!(
        "| {contestant} | {answers:.1} | {at_start} | {after_calls} |"
    ))
}

fn memory(measured: &[Memory]) -> Option<String> {
    let mib = |kib: u64| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0;
    let rss = Summary::of(measured.iter().map(|memory| mib(memory.rss)))?;
    let pss = Summary::of(measured.iter().map(|memory| mib(memory.pss)))?;
    Some(format!("{rss:.1} / {pss:.1}"))
}

/// The size of a binary, and of the same without symbols: two cells of a table, in MiB.
pub(crate) async fn sizes(binary: &Path) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    let stripped = directory.path().join("stripped");
    let strip = Command::new("strip")
        .arg("-o")
        .args([&stripped, binary])
        .status()
        .await
        .context("cannot run strip")?;
    anyhow::ensure!(strip.success(), "strip failed");
    Ok(format!("{:.1} | {:.1}", mib(binary)?, mib(&stripped)?))
}

fn mib(file: &Path) -> anyhow::Result<f64> {
    let bytes = std::fs::metadata(file)?.len();
    Ok(f64::from(u32::try_from(bytes)?) / f64::from(1 << 20))
}

/// How many crates of others are linked into the app.
async fn dependencies(features: &[&str]) -> anyhow::Result<usize> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "currency-rate"])
        .args(["--edges", "no-dev,no-build,no-proc-macro"])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .await
        .context("cannot run cargo tree")?;
    anyhow::ensure!(output.status.success(), "cargo tree failed");
    let listed = String::from_utf8(output.stdout)?;
    // A crate of the workspace is listed with its path.
    let names: std::collections::BTreeSet<&str> = listed
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty() && !line.contains('/'))
        .collect();
    Ok(names.len())
}
