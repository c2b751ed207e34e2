//! What can be wrong with a configuration, in the words that its author reads.
//!
//! No error repeats a line of a file, because it may hold a secret; and none repeats a character that a terminal would obey.

use std::path::PathBuf;

use crate::environment;
use nautil_grpc::printable::escaped;

/// One thing that is wrong with the configuration, with the file or the variable in which it stands.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory of the configuration does not exist.
    #[error("no config directory at {}: run from the project's root, or name it with --config", escaped(path.display()))]
    Directory {
        /// The path at which it was looked for.
        path: PathBuf,
    },
    /// A file exists and cannot be read.
    #[error("cannot read {}: {reason}", escaped(path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// A file is not TOML.
    #[error("{}, line {line}, column {column}: {}", escaped(path.display()), escaped(message))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// The number of the character in the line, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// `.env` cannot be used.
    #[error(transparent)]
    Environment(#[from] environment::Error),
    /// A value, or a key, is not what the section takes.
    #[error("{} ({}): {}", escaped(key), escaped(origin), escaped(problem))]
    Key {
        /// Where the value stands: `config/server.toml`, or `APP_SERVER__WORKERS, .env`.
        origin: String,
        /// Section and key path: `server.limits.max_connections`.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A variable, a flag or a file names a section that no bootloader declares.
    #[error(
        "{}: there is no config section `{}`{}",
        escaped(origin),
        escaped(section),
        behind(hint.as_deref())
    )]
    Section {
        /// The variable, the flag or the file.
        origin: String,
        /// The name of the section that it uses.
        section: String,
        /// `did you mean …?`
        hint: Option<String>,
    },
    /// A variable has one underscore between section and key, where two are needed.
    #[error(
        "{}: two underscores part a section from its key; did you mean {}?",
        escaped(origin),
        escaped(meant)
    )]
    Underscore {
        /// The variable.
        origin: String,
        /// The name that it should have.
        meant: String,
    },
    /// A flag `--set` is not of the form `section.key=value`. Its text is not repeated, because it may hold a secret.
    #[error("--set number {number}: expected <section>.<key>=<value>")]
    Assignment {
        /// Its place among the flags `--set`, from 1.
        number: usize,
    },
}

/// A hint as it stands behind an error, if there is one.
fn behind(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; {hint}"))
}
