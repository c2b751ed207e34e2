//! How large the images are, and how long they build: from nothing, and after a line was changed. In a copy of the project,
//! with a cache of its own.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use tokio::process::Command;

use super::build::{add_line, copy_tree};

const ROUNDS: usize = 2;
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
        println!(
            "| from nothing, s | one line changed, s | of it | the second image, s | nothing changed, s |"
        );
        println!("|---|---|---|---|---|");
        for _ in 0..ROUNDS {
            self.edit(SCRIPT, |_| {
                script.replacen("set -eu\n", &format!("set -eu\n{EMPTY}"), 1)
            })?;
            let cold = self.build(&["--no-cache", "server"]).await?;
            self.edit(SCRIPT, |_| script.clone())?;
            // The builder remembers every text that it has built.
            add_line(self.0, now()?)?;
            let changed = self.build(&["server"]).await?;
            let ratio = changed / cold;
            let second = self.build(&["cli"]).await?;
            let unchanged = self.build(&["server"]).await?;
            println!("| {cold:.1} | {changed:.1} | {ratio:.2} | {second:.1} | {unchanged:.1} |");
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

/// A number that no earlier measurement had.
fn now() -> anyhow::Result<u32> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(u32::try_from(seconds)?)
}
