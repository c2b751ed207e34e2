//! What cargo knows of the project: its binary, its packages, and the directory that the compiler writes.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The project in a directory.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) root: PathBuf,
    /// The directory that cargo writes to.
    pub(super) target: PathBuf,
    /// The directories of the workspace's packages; the root is one of them.
    pub(super) packages: Vec<PathBuf>,
    /// The binary that is the application.
    pub(super) binary: String,
}

/// Why a directory is no project that can be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "cannot read the project's manifest: run this where its Cargo.toml is, with cargo in PATH"
    )]
    Metadata(#[from] cargo_metadata::Error),
    #[error("cannot find the directory {}", .0.display())]
    Directory(PathBuf, #[source] std::io::Error),
    #[error("{} is a workspace without a package of its own: run this in the directory of the application", .0.display())]
    NoPackage(PathBuf),
    #[error("the package {0} has no binary: the application is one")]
    NoBinary(String),
    #[error("the package {package} has {}: say which is the application, by `default-run` in Cargo.toml", names.join(", "))]
    Ambiguous { package: String, names: Vec<String> },
}

impl Project {
    pub(super) fn find(directory: &Path) -> Result<Self, Error> {
        let root = directory
            .canonicalize()
            .map_err(|source| Error::Directory(directory.to_owned(), source))?;
        let metadata = MetadataCommand::new().current_dir(&root).no_deps().exec()?;
        let manifest = root.join("Cargo.toml");
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest)
            .ok_or_else(|| Error::NoPackage(root.clone()))?;
        Ok(Self {
            binary: binary(package)?,
            packages: directories(&metadata),
            target: metadata.target_directory.clone().into(),
            root,
        })
    }
}

fn binary(package: &Package) -> Result<String, Error> {
    if let Some(name) = &package.default_run {
        return Ok(name.clone());
    }
    let binaries = package.targets.iter().filter(|target| target.is_bin());
    let mut names: Vec<_> = binaries.map(|target| target.name.clone()).collect();
    match names.len() {
        0 => Err(Error::NoBinary(package.name.to_string())),
        1 => Ok(names.remove(0)),
        _ => Err(Error::Ambiguous {
            package: package.name.to_string(),
            names,
        }),
    }
}

fn directories(metadata: &Metadata) -> Vec<PathBuf> {
    let manifests = metadata
        .packages
        .iter()
        .map(|package| &package.manifest_path);
    let directories = manifests.filter_map(|manifest| manifest.parent());
    directories
        .map(|directory| directory.to_owned().into())
        .collect()
}
