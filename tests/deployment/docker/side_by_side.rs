//! Builds that run at the same time, and begin with an empty cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::engine::Engine;
use crate::source::read;
use crate::support::{Process, ROOT, Ran};
use crate::workspace::BUILDING;

/// The Dockerfiles of this repository, and the `id` that each gives to the place where it compiles.
const BUILDS: [(&str, &str); 3] = [
    ("deployment/docker/server/Dockerfile", "currency-rate"),
    ("deployment/docker/cli/Dockerfile", "currency-rate"),
    ("deployment/debug/Dockerfile", "currency-rate-debug"),
];

/// Where all of them keep what cargo fetches.
const CRATES: &str = "--mount=type=cache,target=/cargo";

/// The build stages of all Dockerfiles, with caches that nobody else has. They fetch the crates, and compile nothing.
struct Builds {
    directory: TempDir,
    name: String,
}

impl Builds {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let name = format!("currency-rate-test-{}-crates", std::process::id());
        for (index, (path, id)) in BUILDS.into_iter().enumerate() {
            let mut text = read(path);
            for (old, new) in [
                (CRATES, format!("{CRATES},id={name}")),
                (&*format!("id={id},"), format!("id={name}-{index},")),
                (
                    "    /sources/deployment/docker/build ",
                    "    sed -i 's/^cargo build .*/cargo fetch --locked; exit/' /sources/deployment/docker/build \
                     && /sources/deployment/docker/build "
                        .to_owned(),
                ),
            ] {
                assert_eq!(text.matches(old).count(), 1, "{path}: {old}");
                text = text.replace(old, &new);
            }
            fs::write(directory.path().join(index.to_string()), text).unwrap();
        }
        Builds { directory, name }
    }

    /// `docker compose build` of one of the files.
    fn start(&self, file: &str) -> Process {
        let compose = self.directory.path().join(format!("{file}.yml"));
        let dockerfile = self.directory.path().join(file);
        let text = format!(
            "services:\n  build:\n    build:\n      context: {ROOT}\n      dockerfile: {}\n      target: build\n",
            dockerfile.display()
        );
        fs::write(&compose, text).unwrap();
        let project = format!("{}-{file}", self.name);
        let mut command = Command::new("docker");
        command
            .args(["compose", "--progress", "plain", "--project-name", &project])
            .args([Path::new("--file"), &compose])
            .args(["build", "--no-cache"]);
        Process::start(&mut command)
    }
}

impl Drop for Builds {
    /// Empties the caches, and removes the images.
    fn drop(&mut self) {
        let base = super::engine::base();
        let text = format!(
            "FROM {base} AS build\n\
             RUN {CRATES},id={} find /cargo -mindepth 1 -delete\n",
            self.name
        );
        let _ = fs::write(self.directory.path().join("empty"), text);
        let ran = self.start("empty").end_within(BUILDING);
        for file in ["0", "1", "2", "empty"] {
            let image = format!("{}-{file}-build", self.name);
            let _ = Command::new("docker")
                .args(["rmi", "--force", &image])
                .output();
        }
        drop(ran);
    }
}

/// How often each crate was fetched, in all of these builds.
fn downloads(builds: &[Ran]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for build in builds {
        let lines = build.out.lines().chain(build.err.lines());
        for line in lines {
            if let Some((_, name)) = line.split_once("  Downloaded ")
                && name.contains(" v")
            {
                *counted.entry(name.trim().to_owned()).or_default() += 1;
            }
        }
    }
    counted
}

#[test]
fn builds_that_run_at_once_share_crates_and_do_not_break_each_other() {
    if Engine::find().is_none() {
        return;
    }
    let builds = Builds::new();
    let started = [0, 1, 2].map(|index| builds.start(&index.to_string()));
    let ended = started.map(|build| build.end_within(BUILDING));
    for (build, (path, _)) in ended.iter().zip(BUILDS) {
        assert_eq!(build.code, Some(0), "{path}: {build}");
    }
    let downloads = downloads(&ended);
    assert!(downloads.len() > 100, "{downloads:?}: {}", ended[0]);
    let twice: Vec<_> = downloads.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "fetched more than once: {twice:?}");
}
