//! How long the compiler takes, in a copy of the project with a target directory of its own.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::calls::ticks_per_second;
use super::server::children_cpu_ticks;
use super::startup::sizes;

/// What a developer changes all day.
const SERVICE: &str = "app/src/endpoint/grpc/currency_rate_service.rs";

pub(crate) async fn measure() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let copy = directory.path();
    copy_tree(Path::new(env!("CARGO_MANIFEST_DIR")), copy)?;
    // The download is not measured.
    cargo(copy, &["fetch", "--locked"]).await?;

    println!("| build | elapsed, s | CPU, s |\n|---|---|---|");
    row("release, from nothing", copy, &["--release"]).await?;
    add_line(copy, 1)?;
    row("release, one line changed", copy, &["--release"]).await?;
    row("dev, from nothing", copy, &[]).await?;
    add_line(copy, 2)?;
    row("dev, one line changed", copy, &[]).await?;
    let app = copy.join("target/release/app");
    let with_dev = sizes(&app).await?;
    let bare = ["--release", "--no-default-features"];
    row("release without `dev`, after release", copy, &bare).await?;

    println!("\n| release binary | MiB | stripped, MiB |\n|---|---|---|");
    println!("| as it comes | {with_dev} |");
    println!("| without `dev` | {} |", sizes(&app).await?);
    Ok(())
}

async fn row(name: &str, project: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let (start, cpu) = (Instant::now(), children_cpu_ticks()?);
    let build = ["build", "--locked", "--package", "currency-rate"];
    cargo(project, &[&build, arguments].concat()).await?;
    let elapsed = start.elapsed().as_secs_f64();
    let cpu = u32::try_from(children_cpu_ticks()? - cpu)?;
    let cpu = f64::from(cpu) / f64::from(ticks_per_second().await?);
    println!("| {name} | {elapsed:.0} | {cpu:.0} |");
    Ok(())
}

async fn cargo(project: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--quiet")
        .current_dir(project)
        .env("CARGO_TARGET_DIR", project.join("target"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot run cargo")?;
    ensure!(status.success(), "cargo {arguments:?} failed");
    Ok(())
}

pub(crate) fn add_line(project: &Path, number: u32) -> anyhow::Result<()> {
    let mut service = fs::File::options()
        .append(true)
        .open(project.join(SERVICE))
        .with_context(|| format!("cannot open {SERVICE}"))?;
    writeln!(
        service,
        "#[allow(dead_code, unreachable_pub, reason = \"a change\")] pub fn change_{number}() -> u32 {{ {number} }}"
    )?;
    Ok(())
}

/// Copies all but what is built and what git keeps.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        let to = to.join(&name);
        if entry.path().is_dir() {
            fs::create_dir_all(&to)?;
            copy_tree(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
