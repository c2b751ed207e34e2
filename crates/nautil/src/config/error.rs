//! What can be wrong with a configuration, in the words that its author reads.

use std::path::PathBuf;

use crate::environment;

/// One thing that is wrong, with the file or variable it stands in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no directory of configuration.
    #[error("no config directory at {}: run from the project's root, or name it with --config", path.display())]
    Directory {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file is there and cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A file is not TOML.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's words, with line, column and caret.
        message: String,
    },
    /// `.env` cannot be used.
    #[error(transparent)]
    Environment(#[from] environment::Error),
    /// A value, or a key, is not what the section takes.
    #[error("{key} ({origin}): {problem}")]
    Key {
        /// Where the value stands: `config/server.toml`, `APP_SERVER__WORKERS in .env`.
        origin: String,
        /// Section and key path: `server.limits.max_connections`.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A variable, a flag or a file is addressed to a section that is not there.
    #[error("{origin}: there is no config section `{section}`{}", behind(hint.as_deref()))]
    Section {
        /// The variable, the flag or the file.
        origin: String,
        /// The name it uses.
        section: String,
        /// `did you mean …?`
        hint: Option<String>,
    },
    /// A variable is nearly addressed to a section: one underscore where two part the section from the key.
    #[error("{origin}: two underscores part a section from its key; did you mean {meant}?")]
    Underscore {
        /// The variable.
        origin: String,
        /// The name it would have.
        meant: String,
    },
    /// A flag `--set` is not `section.key=value`.
    #[error("--set {text}: expected <section>.<key>=<value>")]
    Assignment {
        /// What was given.
        text: String,
    },
}

/// A hint as it stands behind an error, if there is one.
fn behind(hint: Option<&str>) -> String {
    hint.map_or_else(String::new, |hint| format!("; {hint}"))
}
