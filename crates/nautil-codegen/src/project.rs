//! Where files are, and what they are called: a contract has one name, its path from the project root.

use std::path::{Component, Path, PathBuf};

use crate::{Error, Options};

/// The directories that a contract is looked up in.
#[derive(Debug)]
pub(crate) struct Project {
    /// Absolute, without `.` and `..`.
    root: PathBuf,
    imports: Vec<PathBuf>,
}

impl Project {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let root = std::path::absolute(&options.root).map_err(Error::io("find", &options.root))?;
        let root = normal(&root);
        let imports = options
            .imports
            .iter()
            .map(|entry| {
                let path = normal(&root.join(entry));
                if path.is_dir() {
                    return Ok(path);
                }
                Err(Error::MissingImports {
                    entry: entry.clone(),
                    path,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { root, imports })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// An entry of the options as an absolute path.
    pub(crate) fn path(&self, entry: &str) -> PathBuf {
        normal(&self.root.join(entry))
    }

    /// The name of a file in descriptors, the same on every machine.
    ///
    /// A file beside or above the root has the part of its path that it does not share with the root.
    pub(crate) fn name(&self, path: &Path) -> String {
        let shared = self
            .root
            .components()
            .zip(path.components())
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        let own: Vec<_> = path
            .components()
            .skip(shared)
            .map(|component| component.as_os_str().to_string_lossy())
            .collect();
        own.join("/")
    }

    /// Where an import may be, best first: beside the importing file, beside the listed file through which that one was
    /// reached, in `imports`, in the root.
    pub(crate) fn search<'a>(&'a self, importing: &'a Path, listed: &'a Path) -> Vec<&'a Path> {
        let mut directories = Vec::new();
        let own = [importing, listed].into_iter().filter_map(Path::parent);
        for directory in own
            .chain(self.imports.iter().map(PathBuf::as_path))
            .chain([self.root()])
        {
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }
}

/// The path without `.` and `..`: one file is to have one path, whichever entry it was reached through.
///
/// Links are not followed: a contract keeps the name that the developer gave it.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
