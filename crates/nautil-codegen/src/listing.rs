//! The entries of `services` as a sorted list of files, each of them once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::Error;
use crate::project::{Project, normal};

/// `*` stays within one directory, as in a shell, and hidden files are not meant.
const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

pub(crate) fn list(project: &Project, entries: &[String]) -> Result<BTreeSet<PathBuf>, Error> {
    let mut files = BTreeSet::new();
    for entry in entries {
        let path = project.path(entry);
        if path.is_file() {
            files.insert(path);
        } else if entry.contains(['*', '?', '[']) {
            files.extend(matches(project.root(), entry)?);
        } else if path.is_dir() {
            return Err(Error::Directory {
                entry: entry.clone(),
            });
        } else {
            return Err(Error::Missing {
                entry: entry.clone(),
                path,
            });
        }
    }
    Ok(files)
}

fn matches(root: &Path, entry: &str) -> Result<Vec<PathBuf>, Error> {
    // The root may hold characters that a glob reads as its own.
    let root = PathBuf::from(Pattern::escape(&root.to_string_lossy()));
    let pattern = root.join(entry);
    let paths =
        glob::glob_with(&pattern.to_string_lossy(), MATCH).map_err(|source| Error::Glob {
            entry: entry.to_owned(),
            source,
        })?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let path = error.path().to_path_buf();
            Error::Io {
                action: "read",
                path,
                source: error.into(),
            }
        })?;
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "proto")
        {
            files.push(normal(&path));
        }
    }
    if files.is_empty() {
        return Err(Error::GlobMatchesNothing {
            entry: entry.to_owned(),
        });
    }
    Ok(files)
}
