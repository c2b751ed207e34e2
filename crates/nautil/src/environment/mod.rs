//! The process environment over `.env`: the only place that asks the operating system for variables.
//!
//! `.env` is read, and never put into the process environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use nautil_grpc::permission::unreadable;

/// The name of the variable that selects `config/<APP_ENV>/`, and its value where nobody says otherwise.
const APP_ENV: &str = "APP_ENV";
const LOCAL: &str = "local";

/// The variables that this run sees, each with where it comes from.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, Variable>,
    fault: Option<Error>,
}

#[derive(Debug, Clone)]
struct Variable {
    value: String,
    origin: Origin,
}

/// Where a variable was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// By whoever started the process.
    Process,
    /// In the file `.env`.
    File,
    /// By the flag `--env`, or by a test.
    Argument,
}

/// `.env` cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is there and cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A line is not `NAME=value`. It is not repeated: it may hold a secret.
    #[error("{}, line {line}: expected NAME=value, with quotes around a value that holds spaces", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
}

impl Environment {
    /// Reads the process environment, over the file `dotenv` where there is one.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the process environment"
    )]
    pub fn read(dotenv: &Path) -> Self {
        Self::of(std::env::vars_os(), dotenv)
    }

    /// Puts `process` over the variables of the file `dotenv`; a file that is not there is none, one that is there and
    /// broken is a [`fault`](Self::fault). Names and values that are not UTF-8 are passed over.
    pub fn of(process: impl IntoIterator<Item = (OsString, OsString)>, dotenv: &Path) -> Self {
        let mut environment = Environment::default();
        if let Err(error) = environment.read_file(dotenv) {
            environment.fault = Some(error);
        }
        for (name, value) in process {
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                environment.set(name, value, Origin::Process);
            }
        }
        environment
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let unreadable = |error: std::io::Error| {
            let (path, reason) = unreadable(path, path, &error);
            Error::Read { path, reason }
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(error)),
        };
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = entry.map_err(|error| match error {
                dotenvy::Error::LineParse(rest, _) => Error::Line {
                    path: path.to_owned(),
                    line: line_of(&text, &rest),
                },
                dotenvy::Error::Io(error) => unreadable(error),
                other => unreadable(std::io::Error::other(other)),
            })?;
            self.set(name, value, Origin::File);
        }
        Ok(())
    }

    /// Sets a variable for this run, over every other source.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        let value = value.into();
        self.variables
            .insert(name.into(), Variable { value, origin });
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|variable| variable.value.as_str())
    }

    /// Where a variable was set.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<Origin> {
        self.variables.get(name).map(|variable| variable.origin)
    }

    /// The name of this environment: `APP_ENV`, or `local`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get(APP_ENV)
            .filter(|name| !name.is_empty())
            .unwrap_or(LOCAL)
    }

    /// What is wrong with `.env`.
    #[must_use]
    pub fn fault(&self) -> Option<&Error> {
        self.fault.as_ref()
    }

    /// Every variable, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, variable)| (name.as_str(), variable.value.as_str()))
    }

    /// Selects the environment by name, as `--env` does.
    pub(crate) fn select(&mut self, name: &str) {
        self.set(APP_ENV, name, Origin::Argument);
    }
}

/// The number of the line that ends with what could not be read.
fn line_of(text: &str, rest: &str) -> usize {
    let rest = rest.lines().next().unwrap_or(rest).trim();
    let lines = text.lines().map(str::trim);
    let before = lines.take_while(|line| !line.ends_with(rest));
    before.count() + 1
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
