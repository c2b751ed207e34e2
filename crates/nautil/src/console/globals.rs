//! The options that every command takes.

#[cfg(feature = "dev")]
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Verbosity;
use crate::config::Sources;

/// The options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The environment, over APP_ENV
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) env: Option<String>,
    /// The directory of the configuration [default: config]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub(crate) config: Option<PathBuf>,
    /// A config value, over files and environment
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) assignments: Vec<String>,
    /// Say more (-vv: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Print results and errors alone
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// No colours
    #[arg(long, global = true)]
    pub(crate) no_ansi: bool,
}

impl Globals {
    /// The options as they are written, for another process of this application.
    #[cfg(feature = "dev")]
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words = Vec::new();
        let mut add = |flag: &str, value: OsString| {
            words.push(flag.into());
            words.push(value);
        };
        if let Some(name) = &self.env {
            add("--env", name.into());
        }
        if let Some(directory) = &self.config {
            add("--config", directory.into());
        }
        for assignment in &self.assignments {
            add("--set", assignment.into());
        }
        words.extend((0..self.verbose).map(|_| "--verbose".into()));
        words.extend(self.quiet.then(|| "--quiet".into()));
        words.extend(self.no_ansi.then(|| "--no-ansi".into()));
        words
    }

    /// Where the config of this run comes from, in the project at `root`.
    pub(crate) fn sources(&self, root: PathBuf) -> Sources {
        Sources {
            root,
            directory: self.config.clone(),
            #[cfg(feature = "dev")]
            environment: self.env.clone(),
            assignments: self.assignments.clone(),
        }
    }

    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Trace,
        }
    }
}
