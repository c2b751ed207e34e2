//! The registry of commands.

use clap::{Arg, ArgAction, Args};

use super::globals::Globals;
use super::{CommandEntry, Output};

/// Every command of the application, with what the application calls itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Commands {
    name: &'static str,
    version: &'static str,
    binary: String,
    entries: Vec<CommandEntry>,
}

impl Commands {
    /// Adds a command; where its name is taken, the bootloader that has it is the error.
    pub(crate) fn add(&mut self, entry: CommandEntry) -> Result<(), &'static str> {
        if let Some(first) = self.entries.iter().find(|other| other.name == entry.name) {
            return Err(first.bootloader);
        }
        // Commands without a namespace come first.
        let key = |entry: &CommandEntry| (entry.name.contains(':'), entry.name);
        let place = self
            .entries
            .partition_point(|other| key(other) < key(&entry));
        self.entries.insert(place, entry);
        Ok(())
    }

    /// Sets what the application calls itself, and by which name it was called.
    pub(crate) fn identify(&mut self, name: &'static str, version: &'static str, binary: String) {
        self.name = name;
        self.version = version;
        self.binary = binary;
    }

    /// What the application calls itself.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its version.
    pub(crate) fn version(&self) -> &'static str {
        self.version
    }

    /// The name by which the application was called.
    pub(crate) fn binary(&self) -> &str {
        &self.binary
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CommandEntry> {
        self.entries.iter()
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    pub(crate) fn get(&self, index: usize) -> &CommandEntry {
        &self.entries[index]
    }

    /// The whole command line, for clap.
    pub(crate) fn clap(&self) -> clap::Command {
        // `help` is a command of ours. clap's own flag would print clap's own list of the commands, which knows no namespaces.
        let root = clap::Command::new(self.name)
            .bin_name(&self.binary)
            .version(self.version)
            .disable_help_subcommand(true)
            .disable_help_flag(true)
            .arg(help(ArgAction::SetTrue));
        let commands = self.entries.iter();
        let commands = commands.map(|entry| (entry.clap)().arg(help(ArgAction::Help)));
        Globals::augment_args(root).subcommands(commands)
    }

    /// The help of one command: what `--help` behind it shows.
    pub(crate) fn help(&self, name: &str) -> Option<String> {
        self.position(name)?;
        let asked = [&self.binary, name, "--help"];
        let answer = self.clap().try_get_matches_from(asked);
        let page = answer.expect_err("clap answers `--help` with a page, as an error");
        Some(page.render().ansi().to_string())
    }

    /// Prints every command with its first line of help, by namespace.
    pub(crate) fn list(&self, environment: &str, output: &Output) {
        let Commands { name, version, .. } = self;
        output.line(format_args!(
            "{} {version} ({environment})",
            output.name(name)
        ));
        output.line("");
        output.heading("Usage");
        output.line(format_args!(
            "  {} [OPTIONS] <COMMAND> [ARGUMENTS]",
            self.binary
        ));
        output.line("");
        output.heading("Options");
        let options = clap::Command::new("").disable_help_flag(true);
        let mut options = Globals::augment_args(options);
        let rendered = options.render_help().to_string();
        for line in rendered.lines().filter(|line| line.starts_with("  ")) {
            output.line(line);
        }
        output.line("");
        output.heading("Commands");
        let width = self.entries.iter().map(|entry| entry.name.len()).max();
        let width = width.unwrap_or_default();
        let mut namespace = None;
        for entry in &self.entries {
            let own = entry.name.split_once(':').map(|(namespace, _)| namespace);
            if own != namespace {
                output.heading(format_args!(" {}", own.unwrap_or_default()));
                namespace = own;
            }
            // Padded before it is painted: colours have no width.
            let padded = output.name(format_args!("{:width$}", entry.name));
            output.line(format_args!("  {padded}  {}", entry.about()));
        }
    }
}

/// `--help`: the list of commands for the application, a page for a command.
fn help(action: ArgAction) -> Arg {
    let help = Arg::new("help").short('h').long("help");
    help.action(action).help("Show help")
}
