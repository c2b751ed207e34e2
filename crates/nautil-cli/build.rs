//! Takes the skeleton of a new project into the binary: the app at the root of this workspace, file by file.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a build script is told by variables, and speaks to cargo on standard output"
)]

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What a new project consists of, from the workspace's root. Its `Cargo.toml` is written anew.
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
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../..")
        .canonicalize()?;
    let mut files = Vec::new();
    for name in SKELETON {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        collect(&root.join(name), &mut files)?;
    }
    files.sort();

    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root)?;
        writeln!(list, "({name:?}, include_bytes!({file:?})),")?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("skeleton.rs"), list)?;
    Ok(())
}

/// What stands in a directory of the skeleton for the sake of `deployment/`, which a new project does not have.
const DEPLOYMENT: &str = "kustomization.yaml";

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if path.file_name().is_some_and(|name| name == DEPLOYMENT) {
        return Ok(());
    }
    if !path.is_dir() {
        // Without `generated/` the new project has none either, and its first command is `grpc:generate`.
        files.extend(path.exists().then(|| path.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
