//! How large the images are, and how long they build: from nothing, and after a line was changed. In a copy of the project,
//! with a cache of its own.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use tokio::process::Command;

use super::build::{add_line, copy_tree};
use super::summary::Summary;

const ROUNDS: usize = 3;
const PROJECT: &str = "currency-rate-measured";
const SCRIPT: &str = "deployment/docker/build";
/// Empties what is kept from one build to the next.
const EMPTY: &str = "find /src -mindepth 1 -delete\n";

pub(crate) async fn measure() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let copy = directory.path();
    copy_tree(Path::new(env!("CARGO_MANIFEST_DIR")), copy)?;
    let project = Project(copy);
    let measured = project.measure().await;
    project.remove().await?;
    measured
}

/// A copy of this project, and the images that are built from it.
struct Project<'directory>(&'directory Path);

impl Project<'_> {
    async fn measure(&self) -> anyhow::Result<()> {
        for service in ["server", "cli"] {
            self.edit(&format!("deployment/docker/{service}/Dockerfile"), |text| {
                text.replace("id=currency-rate,", &format!("id={PROJECT},"))
            })?;
        }
        let script = fs::read_to_string(self.0.join(SCRIPT))?;
        let (mut cold, mut changed, mut second, mut unchanged) = (vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            self.edit(SCRIPT, |_| {
                script.replacen("set -eu\n", &format!("set -eu\n{EMPTY}"), 1)
            })?;
            cold.push(self.build(&["--no-cache", "server"]).await?);
            self.edit(SCRIPT, |_| script.clone())?;
            // The builder remembers every text that it has built.
            add_line(self.0, now()?)?;
            changed.push(self.build(&["server"]).await?);
            second.push(self.build(&["cli"]).await?);
            unchanged.push(self.build(&["server"]).await?);
        }

        println!("| build | elapsed, s | of the build from nothing |\n|---|---|---|");
        for (name, elapsed) in [
            ("from nothing", &cold),
            ("one line changed", &changed),
            ("the second image", &second),
            ("nothing changed", &unchanged),
        ] {
            let ratios = elapsed
                .iter()
                .zip(&cold)
                .map(|(elapsed, cold)| elapsed / cold);
            let (elapsed, ratio) = (summary(elapsed.iter().copied())?, summary(ratios)?);
            println!("| {name} | {elapsed:.1} | {ratio:.2} |");
        }

        println!("\n| image | MB |\n|---|---|");
        for service in ["server", "cli"] {
            let image = format!("{PROJECT}-{service}");
            let format = ["image", "inspect", "--format", "{{.Size}}", &image];
            let size: u32 = self.docker(&format).await?.trim().parse()?;
            println!("| {service} | {:.1} |", f64::from(size) / 1e6);
        }
        Ok(())
    }

    /// Leaves neither images nor a full cache behind.
    async fn remove(&self) -> anyhow::Result<()> {
        self.edit(SCRIPT, |_| format!("#!/bin/sh\n{EMPTY}mkdir -p \"$2\"\n"))?;
        self.build(&["--no-cache", "server"]).await?;
        self.compose(&["down", "--rmi", "local"]).await?;
        Ok(())
    }

    fn edit(&self, path: &str, edit: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
        let path = self.0.join(path);
        let text = fs::read_to_string(&path)?;
        let edited = edit(&text);
        ensure!(
            edited != text,
            "{} has not what is changed there",
            path.display()
        );
        Ok(fs::write(path, edited)?)
    }

    /// The seconds that a build takes.
    async fn build(&self, arguments: &[&str]) -> anyhow::Result<f64> {
        let start = Instant::now();
        self.compose(&[&["build"], arguments].concat()).await?;
        Ok(start.elapsed().as_secs_f64())
    }

    async fn compose(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let compose = ["compose", "--project-name", PROJECT];
        self.docker(&[&compose, arguments].concat()).await
    }

    async fn docker(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("docker")
            .args(arguments)
            .current_dir(self.0)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run docker")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("docker {arguments:?} failed:\n{said}");
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn summary(measured: impl Iterator<Item = f64>) -> anyhow::Result<Summary> {
    Summary::of(measured).context("nothing was measured")
}

/// A number that no earlier measurement had.
fn now() -> anyhow::Result<u32> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(u32::try_from(seconds)?)
}
