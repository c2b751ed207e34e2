//! The files of a new project: those of the app at the root of this workspace, under another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Path from the project's root, and content.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/skeleton.rs"));
/// The manifest of the workspace: the versions of what the app depends on are stated there.
const WORKSPACE: &str = include_str!("../.skeleton/workspace.toml");
/// The name of the app that is copied.
const ORIGINAL: &str = "currency-rate";

/// A name that cargo takes for a package: a lower-case letter, then letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

/// Where a new project takes the framework from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Framework {
    /// The directory of the crate `nautil`.
    Directory(PathBuf),
    /// The release of the same version as this command.
    Release,
}

/// A project to be written.
#[derive(Debug)]
pub(crate) struct Skeleton {
    name: Name,
    manifest: String,
}

/// Why there is no new project.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "found {0:?}, expected a lower-case letter, then lower-case letters, digits, `-` or `_`"
    )]
    Name(String),
    #[error("`{0}` is a name that cargo or Rust keeps for itself; take another one")]
    Reserved(String),
    #[error("there is no crate `nautil` at {}: name its directory with --framework", .0.display())]
    Framework(PathBuf),
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let rest =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let starts = text.starts_with(|first: char| first.is_ascii_lowercase());
        if !starts || !text.bytes().all(rest) {
            return Err(Error::Name(text.to_owned()));
        }
        // The library is called so: its name must be an identifier, and no crate that the app uses.
        const TAKEN: [&str; 18] = [
            "app",
            "build",
            "clap",
            "core",
            "crate",
            "deps",
            "examples",
            "fn",
            "incremental",
            "nautil",
            "proc_macro",
            "rand",
            "self",
            "serde",
            "shaku",
            "std",
            "test",
            "tracing",
        ];
        if TAKEN.contains(&text) {
            return Err(Error::Reserved(text.to_owned()));
        }
        Ok(Name(text.to_owned()))
    }
}

impl Skeleton {
    pub(crate) fn new(name: Name, framework: Framework) -> Result<Self, Error> {
        let framework = match framework {
            Framework::Directory(path) => Framework::Directory(directory(path)?),
            Framework::Release => Framework::Release,
        };
        let manifest = manifest(&name, &framework);
        Ok(Skeleton { name, manifest })
    }

    /// Writes the project below the working directory, and returns the number of files.
    pub(crate) fn write(&self) -> Result<usize, Error> {
        let root = PathBuf::from(&self.name.0);
        if root.exists() {
            return Err(Error::Exists(root));
        }
        write(&root.join("Cargo.toml"), self.manifest.as_bytes())?;
        for (path, content) in FILES {
            write(&root.join(path), &self.rename(content))?;
        }
        Ok(FILES.len() + 1)
    }

    /// The app calls itself by its own name; the contracts keep theirs.
    fn rename(&self, content: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(content) else {
            return content.to_owned();
        };
        let (old, new) = (identifier(ORIGINAL), identifier(&self.name.0));
        let text = rename_paths(text, &format!("{old}::"), &format!("{new}::"));
        text.replace(&format!("`{ORIGINAL}`"), &format!("`{}`", self.name.0))
            .replace(
                &format!("name = \"{ORIGINAL}\""),
                &format!("name = \"{}\"", self.name.0),
            )
            .into_bytes()
    }
}

/// The full path of the directory of the crate `nautil`.
fn directory(path: PathBuf) -> Result<PathBuf, Error> {
    match path.canonicalize() {
        Ok(full) if full.join("Cargo.toml").is_file() => Ok(full),
        _ => Err(Error::Framework(path)),
    }
}

/// The manifest of the app, with what it inherits from the workspace written out.
fn manifest(name: &Name, framework: &Framework) -> String {
    let framework = match framework {
        Framework::Directory(path) => format!("{{ path = {:?} }}", path.display().to_string()),
        Framework::Release => format!("{:?}", env!("CARGO_PKG_VERSION")),
    };
    let shared = |key: &str| line_of(section(WORKSPACE, "[workspace.dependencies]"), key);
    let package = |key: &str| line_of(section(WORKSPACE, "[workspace.package]"), key);
    let mut manifest = String::from("[package]\n");
    for line in section(WORKSPACE, "[package]").lines() {
        let line = match line.split_once(".workspace = true") {
            Some(("version", _)) => "version = \"0.1.0\"",
            Some((key, _)) => package(key),
            None if line.starts_with("name = ") => {
                manifest.push_str(&format!("name = \"{}\"\n", name.0));
                continue;
            }
            None => line,
        };
        manifest.push_str(&format!("{line}\n"));
    }
    let library = section(WORKSPACE, "[lib]");
    let library = library.replace(&identifier(ORIGINAL), &identifier(&name.0));
    manifest.push_str(&format!("\n[lib]\n{library}\n"));
    for header in ["[[bin]]", "[features]"] {
        manifest.push_str(&format!("\n{header}\n{}\n", section(WORKSPACE, header)));
    }
    manifest.push_str("\n[dependencies]\n");
    for line in section(WORKSPACE, "[dependencies]").lines() {
        let line = match line.split_once(".workspace = true") {
            Some(("nautil", _)) => &format!("nautil = {framework}"),
            Some((key, _)) => shared(key),
            None => line,
        };
        manifest.push_str(&format!("{line}\n"));
    }
    let release = section(WORKSPACE, "[profile.release]");
    manifest.push_str(&format!("\n[profile.release]\n{release}\n"));
    // A project inside another one's directory is still a workspace of its own.
    manifest.push_str("\n[workspace]\n");
    manifest
}

/// The lines under a header, up to the next header.
fn section<'text>(text: &'text str, header: &str) -> &'text str {
    let start = text
        .find(&format!("\n{header}\n"))
        .map_or(text.len(), |at| at + header.len() + 2);
    let rest = &text[start..];
    rest[..rest.find("\n[").unwrap_or(rest.len())].trim_end()
}

fn line_of<'text>(section: &'text str, key: &str) -> &'text str {
    let is_key = |line: &&str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(" ="))
    };
    section.lines().find(is_key).unwrap_or_default()
}

/// Replaces a path's first segment, and not the end of a longer name: `get_currency_rate::` stays.
fn rename_paths(text: &str, old: &str, new: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, found) = rest.split_at(at);
        renamed.push_str(before);
        let longer = before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        renamed.push_str(if longer { old } else { new });
        rest = &found[old.len()..];
    }
    renamed.push_str(rest);
    renamed
}

fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, content).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{Framework, Name, manifest};

    #[test]
    fn a_project_far_from_the_framework_takes_its_release() {
        let name = Name("my-rates".to_owned());
        let manifest = manifest(&name, &Framework::Release);
        let line = format!("\nnautil = \"{}\"\n", env!("CARGO_PKG_VERSION"));
        assert!(manifest.contains(&line), "{manifest}");
        assert!(!manifest.contains("path = \"/"), "{manifest}");
    }
}
