//! From the command line to the command that it calls.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, FromArgMatches};

use super::{Commands, Failure, Globals, Verbosity};
use crate::suggest;

/// The global options that matter before the commands are known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preview {
    pub(crate) env: Option<String>,
    pub(crate) no_ansi: bool,
    pub(crate) quiet: bool,
}

/// What the command line calls.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// The list of commands.
    List,
    /// A text that clap wrote: the help of a command, the version.
    Text(String),
    /// A command, by its place in the registry.
    Command { index: usize, matches: ArgMatches },
}

impl Preview {
    pub(crate) fn verbosity(&self) -> Verbosity {
        if self.quiet {
            Verbosity::Quiet
        } else {
            Verbosity::Normal
        }
    }

    /// Finds the options anywhere on the command line. What is wrong with them is reported later, by [`parse`].
    pub(crate) fn of(arguments: &[OsString]) -> Self {
        let mut preview = Preview::default();
        let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            match &*word {
                "--" => break,
                "--env" => preview.env = words.next().map(std::borrow::Cow::into_owned),
                "--no-ansi" => preview.no_ansi = true,
                "-q" | "--quiet" => preview.quiet = true,
                other => {
                    if let Some(name) = other.strip_prefix("--env=") {
                        preview.env = Some(name.to_owned());
                    }
                }
            }
        }
        preview
    }
}

/// Reads the command line.
pub(crate) fn parse(
    commands: &Commands,
    arguments: Vec<OsString>,
) -> Result<(Globals, Invocation), Failure> {
    let matches = match commands.clap().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return asked_for_text(error, commands),
    };
    let globals = Globals::from_arg_matches(&matches).map_err(Failure::usage)?;
    let invocation = match matches.subcommand() {
        None => Invocation::List,
        // `--help` before a command is an option of the application, at which clap does not stop.
        Some((name, _)) if matches.get_flag("help") => {
            Invocation::Text(commands.help(name).unwrap_or_default())
        }
        Some((name, matches)) => Invocation::Command {
            index: commands
                .position(name)
                .expect("clap knows the commands of the registry alone"),
            matches: matches.clone(),
        },
    };
    Ok((globals, invocation))
}

fn asked_for_text(
    error: clap::Error,
    commands: &Commands,
) -> Result<(Globals, Invocation), Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render().ansi().to_string();
            Ok((Globals::default(), Invocation::Text(text)))
        }
        ErrorKind::InvalidSubcommand => Err(match error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(name)) => unknown(name, commands),
            _ => Failure::usage(error),
        }),
        _ => Err(Failure::usage(error)),
    }
}

/// The failure of a command that does not exist, with a hint at one that was probably meant.
pub(super) fn unknown(name: &str, commands: &Commands) -> Failure {
    let names = || commands.iter().map(|command| command.name);
    let prefix = format!("{name}:");
    let inside: Vec<&str> = names().filter(|known| known.starts_with(&prefix)).collect();
    let hint = match suggest::nearest(name, names()) {
        _ if !inside.is_empty() => format!("the commands there are {}", inside.join(", ")),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`{} list` shows every command", commands.binary()),
    };
    Failure::wrong_use(format!("there is no command `{name}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::Preview;

    #[test]
    fn the_environment_is_found_wherever_it_stands() {
        let of = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(Into::into).collect();
            Preview::of(&words).env
        };
        assert_eq!(
            of(&["app", "serve", "--env", "prod"]).as_deref(),
            Some("prod")
        );
        assert_eq!(of(&["app", "--env=test", "serve"]).as_deref(), Some("test"));
        assert_eq!(of(&["app", "x", "--", "--env", "prod"]), None);
    }
}
