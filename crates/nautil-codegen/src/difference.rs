//! One file of `generated/` that is not what the contracts say.

use std::fmt;
use std::path::{Path, PathBuf};

/// A file that is not what would be generated now; after a write, what was mended.
///
/// The path starts with the name of the directory: `generated/currency.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The file is not there.
    Missing(PathBuf),
    /// The file has another content.
    Changed(PathBuf),
    /// The file is there and would not be generated.
    Stale(PathBuf),
}

impl Difference {
    /// The file, with the name of its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing(path) | Self::Changed(path) | Self::Stale(path) => path,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self {
            Self::Missing(_) => "missing",
            Self::Changed(_) => "differs",
            Self::Stale(_) => "stale",
        };
        write!(f, "{}: {state}", self.path().display())
    }
}
