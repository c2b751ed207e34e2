//! What can be wrong with a configuration, in the words that its author reads.
//!
//! No error repeats a line of a file, because it may hold a secret; and none repeats a character that a terminal would obey.

use std::path::PathBuf;

use crate::environment;
use nautil_grpc::printable::escaped;

/// One thing that is wrong, with the file or variable it stands in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no directory of configuration.
    #[error("no config directory at {}: run from the project's root, or name it with --config", escaped(path.display()))]
    Directory {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file is there and cannot be read.
    #[error("cannot read {}: {reason}", escaped(path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
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
        /// The parser's words.
        message: String,
    },
    /// `.env` cannot be used.
    #[error(transparent)]
    Environment(#[from] environment::Error),
    /// A value, or a key, is not what the section takes.
    #[error("{} ({}): {}", escaped(key), escaped(origin), escaped(problem))]
    Key {
        /// Where the value stands: `config/server.toml`, `APP_SERVER__WORKERS in .env`.
        origin: String,
        /// Section and key path: `server.limits.max_connections`.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A variable, a flag or a file is addressed to a section that is not there.
    #[error(
        "{}: there is no config section `{}`{}",
        escaped(origin),
        escaped(section),
        behind(hint.as_deref())
    )]
    Section {
        /// The variable, the flag or the file.
        origin: String,
        /// The name it uses.
        section: String,
        /// `did you mean …?`
        hint: Option<String>,
    },
    /// A variable is nearly addressed to a section: one underscore where two part the section from the key.
    #[error(
        "{}: two underscores part a section from its key; did you mean {}?",
        escaped(origin),
        escaped(meant)
    )]
    Underscore {
        /// The variable.
        origin: String,
        /// The name it would have.
        meant: String,
    },
    /// A flag `--set` is not `section.key=value`. It is not repeated: it may be a secret.
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
