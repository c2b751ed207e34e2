//! What a saved file means: generate, build, or start again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// What has to be done, and because of which files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Whether code has to be generated, because a contract or the list of contracts changed.
    pub(super) contracts: bool,
    /// Whether the application has to be built, because a source or a manifest changed.
    pub(super) sources: bool,
    /// Every file that changed and that matters. If there is none but those of the config, the server is only started again.
    pub(super) files: BTreeSet<PathBuf>,
}

/// The directories by which a file is judged.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) root: PathBuf,
    /// The directory that cargo writes. Nothing in it matters.
    pub(super) target: PathBuf,
    /// The directory that the generator writes. Nothing in it matters: a generation is followed by a build anyway.
    pub(super) generated: PathBuf,
    pub(super) config: PathBuf,
}

impl Changes {
    /// What is to be done at the start: a build.
    pub(super) fn all() -> Self {
        Self {
            contracts: false,
            sources: true,
            files: BTreeSet::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.sources && !self.contracts
    }

    /// Takes note of a changed file, if it is one that matters.
    pub(super) fn note(&mut self, path: &Path, places: &Places) {
        if path.starts_with(&places.target) || path.starts_with(&places.generated) {
            return;
        }
        let shown = path.strip_prefix(&places.root).unwrap_or(path);
        let name = path.file_name().unwrap_or_default();
        let extension = path.extension().unwrap_or_default();
        if path == places.root.join(".env") {
            // Every server reads it when it starts.
        } else if is_hidden(shown) {
            return;
        } else if extension == "proto" {
            self.contracts = true;
        } else if path.starts_with(&places.config) && extension == "toml" {
            self.contracts |= name == "grpc.toml";
        } else if extension == "rs" || is_manifest(name) {
            self.sources = true;
        } else {
            return;
        }
        self.files.insert(shown.to_owned());
    }

    pub(super) fn add(&mut self, more: Self) {
        self.contracts |= more.contracts;
        self.sources |= more.sources;
        self.files.extend(more.files);
    }
}

/// `app/src/lib.rs changed`, `3 files changed: …`.
impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut files = self.files.iter().map(|file| file.display());
        match (files.next(), files.next()) {
            (None, _) => formatter.write_str("nothing changed"),
            (Some(file), None) => write!(formatter, "{file} changed"),
            (Some(first), Some(second)) => {
                let count = self.files.len();
                write!(formatter, "{count} files changed: {first}, {second}")?;
                formatter.write_str(if count > 2 { ", …" } else { "" })
            }
        }
    }
}

/// Whether a file, or a directory above it, is hidden: such files belong to editors and to the version control.
fn is_hidden(path: &Path) -> bool {
    let mut names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    names.any(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_manifest(name: &OsStr) -> bool {
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"]
        .iter()
        .any(|manifest| name == *manifest)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Changes, Places};

    fn changes(paths: &[&str]) -> Changes {
        let places = Places {
            root: "/p".into(),
            target: "/p/target".into(),
            generated: "/p/generated".into(),
            config: "/p/config".into(),
        };
        let mut changes = Changes::default();
        for path in paths {
            changes.note(&Path::new("/p").join(path), &places);
        }
        changes
    }

    #[test]
    fn a_source_or_a_manifest_is_built() {
        for path in [
            "app/src/lib.rs",
            "app.rs",
            "Cargo.toml",
            "crates/x/Cargo.toml",
            "Cargo.lock",
        ] {
            let changes = changes(&[path]);
            assert!(changes.sources && !changes.contracts, "{path}: {changes:?}");
            assert_eq!(changes.to_string(), format!("{path} changed"));
        }
    }

    #[test]
    fn a_contract_and_the_list_of_contracts_are_generated() {
        for path in [
            "proto/currency/service.proto",
            "config/grpc.toml",
            "config/local/grpc.toml",
        ] {
            let changes = changes(&[path]);
            assert!(changes.contracts && !changes.sources, "{path}: {changes:?}");
        }
    }

    #[test]
    fn config_needs_no_build() {
        for path in [".env", "config/server.toml", "config/production/rates.toml"] {
            let changes = changes(&[path]);
            assert!(
                !changes.contracts && !changes.sources && !changes.is_empty(),
                "{path}: {changes:?}"
            );
        }
    }

    #[test]
    fn what_is_written_by_tools_and_editors_means_nothing() {
        for path in [
            "target/debug/build/x/out.rs",
            "generated/currency.rs",
            ".git/index",
            ".idea/workspace.rs",
            "app/src/.lib.rs.swp",
            "app/src/lib.rs~",
            "README.md",
            "config/server.toml.orig",
            "app/.env",
        ] {
            assert!(changes(&[path]).is_empty(), "{path}");
        }
    }

    #[test]
    fn many_files_are_counted() {
        let text = changes(&["a.rs", "b.rs", "c.rs"]).to_string();
        assert_eq!(text, "3 files changed: a.rs, b.rs, …");
    }
}
