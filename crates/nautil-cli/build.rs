//! Takes the skeleton of a new project into the binary: the app at the root of this workspace, file by file.
//!
//! `.skeleton/` has a link to each part of the app. In a published package, which has nothing above its own directory, the links
//! are the files themselves. The directory is hidden so that the watchers of editors, and of `app dev`, do not see the app twice. The
//! links have no dot in front: git would read a `.gitignore` here too, and complains of one that is a link.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a build script is told by variables, and speaks to cargo on standard output"
)]

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

/// What a new project consists of. Its `Cargo.toml` is written anew.
const SKELETON: [&str; 9] = [
    ".env",
    ".gitignore",
    "Cargo.lock",
    "app",
    "app.rs",
    "build.rs",
    "config",
    "generated",
    "proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = package.join(".skeleton");
    let mut files = Vec::new();
    for name in SKELETON {
        let path = root.join(name.trim_start_matches('.'));
        let watched = path.canonicalize().unwrap_or_else(|_| path.clone());
        println!("cargo::rerun-if-changed={}", watched.display());
        collect(name.into(), path, &mut files)?;
    }
    // Beside the framework, a new project takes it from there. Beside nothing, it takes the release of this version.
    let framework = package.join("../nautil");
    if framework.join("Cargo.toml").is_file() {
        println!("cargo::rustc-env=NAUTIL_FRAMEWORK={}", framework.display());
    }
    files.sort();

    let mut list = String::from("&[\n");
    for (name, file) in &files {
        writeln!(list, "({name:?}, include_bytes!({file:?})),")?;
    }
    list.push(']');
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("skeleton.rs"),
        list,
    )?;
    Ok(())
}

/// What stands in a directory of the skeleton for the sake of `deployment/`, which a new project does not have.
const DEPLOYMENT: &str = "kustomization.yaml";

/// The files at or below a path, each by its name in the project.
fn collect(
    name: PathBuf,
    path: PathBuf,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    if name.ends_with(DEPLOYMENT) {
        return Ok(());
    }
    if !path.is_dir() {
        // Without `generated/` the new project has none either, and its first command is `grpc:generate`.
        files.extend(path.exists().then_some((name, path)));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        collect(name.join(entry.file_name()), entry.path(), files)?;
    }
    Ok(())
}
