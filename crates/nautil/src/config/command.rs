//! `config:show`: what each key is, and where it comes from.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::config::Config;
use crate::console::{Command, DynCommand, Failure, Output};
use crate::suggest;

/// Show the effective configuration, with the origin of each value
#[derive(Debug, Args)]
pub(crate) struct ConfigShowArguments {
    /// One section alone
    section: Option<String>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct ConfigShow {
    #[shaku(inject)]
    config: Arc<Config>,
}

impl Command for ConfigShow {
    const NAME: &'static str = "config:show";
    type Arguments = ConfigShowArguments;

    async fn run(&self, arguments: ConfigShowArguments, output: &Output) -> Result<(), Failure> {
        let prefix = match &arguments.section {
            None => String::new(),
            Some(name) if self.config.sections().any(|known| known == name) => format!("{name}."),
            Some(name) => return Err(no_section(name, &self.config)),
        };
        let entries = self.config.entries();
        let shown = entries.filter(|entry| entry.key.starts_with(&prefix));
        let rows =
            shown.map(|entry| [entry.key.clone(), entry.value.clone(), entry.origin.clone()]);
        output.table(["key", "value", "origin"], rows);

        let errors = self.config.errors();
        for error in &errors {
            output.error(error);
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Failure::said())
        }
    }
}

fn no_section(name: &str, config: &Config) -> Failure {
    let hint = match suggest::nearest(name, config.sections()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the sections are {}",
            config.sections().collect::<Vec<_>>().join(", ")
        ),
    };
    Failure::wrong_use(format!("there is no config section `{name}`; {hint}"))
}
