//! The process environment over `.env`: the only place that asks the operating system for variables.
//!
//! `.env` is read, and never put into the process environment.
//!
//! ```
//! use std::path::Path;
//!
//! use nautil::environment::{Environment, Origin};
//!
//! let process = [("APP_ENV".into(), "staging".into())];
//! let environment = Environment::of(process, Path::new("/nowhere/.env"));
//! assert_eq!(environment.name(), "staging");
//! assert_eq!(environment.get("APP_ENV"), Some("staging"));
//! assert_eq!(environment.origin("APP_ENV"), Some(Origin::Process));
//! ```

mod dotenv;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nautil_grpc::permission::unreadable;
use nautil_grpc::printable::escaped;

/// The name of the variable that selects `config/<APP_ENV>/`, and its value where nobody says otherwise.
const APP_ENV: &str = "APP_ENV";
const LOCAL: &str = "local";

/// The variables that this run sees, each with where it comes from.
///
/// A variable that is not UTF-8 is an error only for a reader that asks for it.
#[derive(Clone, Default)]
pub struct Environment {
    /// By name. A name that is not UTF-8 is here with its bytes escaped.
    variables: BTreeMap<String, Variable>,
    dotenv: Option<Error>,
}

#[derive(Clone)]
struct Variable {
    value: Result<String, Error>,
    origin: Origin,
}

/// Where a variable was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the environment of the process, by whatever started it.
    Process,
    /// In the file `.env`.
    File,
    /// By the flag `--env`, or by a test.
    Argument,
}

/// Why `.env`, or a variable, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file exists and cannot be read.
    #[error("cannot read {}: {reason}", escaped(path.display()))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// A line of the file is not `NAME=value`. The line is not repeated, because it may hold a secret.
    #[error("{}, line {line}: expected {expected}", escaped(path.display()))]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What would have been right.
        expected: &'static str,
    },
    /// The value of a variable is not UTF-8.
    #[error(
        "{}, {origin}: found bytes that are not UTF-8, expected text",
        escaped(name)
    )]
    Value {
        /// The variable.
        name: String,
        /// Where it was set.
        origin: Origin,
    },
    /// The name of a variable is not UTF-8.
    #[error(
        "{}, {origin}: found a name that is not UTF-8, and nothing is called so",
        escaped(name)
    )]
    Name {
        /// The name, with its bytes escaped: `APP_SERVER__\xff`.
        name: String,
        /// Where it was set.
        origin: Origin,
    },
}

impl Environment {
    /// Reads the process environment and the file `dotenv`, which need not exist. The process environment wins.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the process environment"
    )]
    pub fn read(dotenv: &Path) -> Self {
        Self::of(std::env::vars_os(), dotenv)
    }

    /// Puts the variables in `process` over those of the file `dotenv`. The file need not exist. If it exists and is broken, that
    /// is one of the [`faults`](Self::faults).
    pub fn of(process: impl IntoIterator<Item = (OsString, OsString)>, dotenv: &Path) -> Self {
        let mut environment = Environment::default();
        environment.dotenv = environment.read_file(dotenv).err();
        for (name, value) in process {
            environment.set_from_process(&name, value);
        }
        environment
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let (path, reason) = unreadable(path, path, &error);
                return Err(Error::Read { path, reason });
            }
        };
        let variables = dotenv::parse(&text).map_err(|fault| Error::Line {
            path: path.to_owned(),
            line: fault.line,
            expected: fault.expected,
        })?;
        for (name, value) in variables {
            self.set(name, value, Origin::File);
        }
        Ok(())
    }

    fn set_from_process(&mut self, name: &OsStr, value: OsString) {
        let origin = Origin::Process;
        let (name, value) = match name.to_str() {
            Some(name) => {
                let name = name.to_owned();
                let value = value.into_string().map_err(|_| Error::Value {
                    name: name.clone(),
                    origin,
                });
                (name, value)
            }
            None => {
                let name = name.as_bytes().escape_ascii().to_string();
                (name.clone(), Err(Error::Name { name, origin }))
            }
        };
        self.variables.insert(name, Variable { value, origin });
    }

    /// Sets a variable for this run, over every other source.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        let value = Ok(value.into());
        self.variables
            .insert(name.into(), Variable { value, origin });
    }

    /// Returns the value of a variable, and `None` for one that is not set or not UTF-8. A reader that acts on the absence of a
    /// variable asks for the [`value`](Self::value) instead, which tells the two apart.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.value(name).ok().flatten()
    }

    /// Returns the value of a variable, or `None` where it is not set.
    ///
    /// # Errors
    /// The variable is set, and its value is not UTF-8.
    pub fn value(&self, name: &str) -> Result<Option<&str>, &Error> {
        match self.variables.get(name) {
            Some(variable) => variable.value().map(Some),
            None => Ok(None),
        }
    }

    /// Says whether a variable is set, to any value.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Returns where a variable was set, or `None` where it is not set.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<Origin> {
        self.variables.get(name).map(|variable| variable.origin)
    }

    /// Returns the name of this environment: the value of `APP_ENV`, or `local` where that is not set or empty.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get(APP_ENV)
            .filter(|name| !name.is_empty())
            .unwrap_or(LOCAL)
    }

    /// Returns what is wrong for every reader, and not only for one that asks for a certain variable: a broken `.env`, or an
    /// `APP_ENV` that is not UTF-8.
    pub fn faults(&self) -> impl Iterator<Item = &Error> {
        self.dotenv.iter().chain(self.value(APP_ENV).err())
    }

    /// Returns every variable whose value is UTF-8, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all()
            .filter_map(|(name, value)| Some((name, value.ok()?)))
    }

    /// Every variable, by name: its value, or why it has none.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, Result<&str, &Error>)> {
        self.variables
            .iter()
            .map(|(name, variable)| (name.as_str(), variable.value()))
    }

    /// Selects the environment by name, as `--env` does.
    pub(crate) fn select(&mut self, name: &str) {
        self.set(APP_ENV, name, Origin::Argument);
    }
}

impl Variable {
    fn value(&self) -> Result<&str, &Error> {
        self.value.as_deref()
    }
}

/// Names and origins: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.variables.iter();
        let origins: BTreeMap<&str, Origin> = variables
            .map(|(name, variable)| (name.as_str(), variable.origin))
            .collect();
        formatter
            .debug_struct("Environment")
            .field("variables", &origins)
            .field("dotenv", &self.dotenv)
            .finish()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Origin::Process => "environment",
            Origin::File => ".env",
            Origin::Argument => "command line",
        })
    }
}
