//! Where the config of a run comes from, so that it can be read again.

use std::path::{Path, PathBuf};

use super::Reader;
use crate::environment::Environment;

/// The project's root, and what the command line says about the config.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The project's root; relative paths start here.
    pub(crate) root: PathBuf,
    /// The directory of the config, from the root. `None` stands for `config`.
    pub(crate) directory: Option<PathBuf>,
    /// The name of the environment, which goes before `APP_ENV` when `dev` reads the environment again.
    #[cfg(feature = "dev")]
    pub(crate) environment: Option<String>,
    /// `--set` flags, as given.
    pub(crate) assignments: Vec<String>,
}

impl Sources {
    /// The directory of the config, from the root.
    pub(crate) fn config_directory(&self) -> &Path {
        self.directory.as_deref().unwrap_or(Path::new("config"))
    }

    /// The environment as it is now, with what the command line says about it.
    #[cfg(feature = "dev")]
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::read(&self.root.join(".env"));
        if let Some(name) = &self.environment {
            environment.select(name);
        }
        environment
    }

    /// Lets `read` read the config in this environment.
    pub(crate) fn read<T>(
        &self,
        environment: &Environment,
        read: impl FnOnce(&Reader<'_>) -> T,
    ) -> T {
        let directory = self.config_directory();
        read(&Reader {
            directory: &self.root.join(directory),
            shown: directory.to_owned(),
            environment,
            assignments: &self.assignments,
        })
    }
}
