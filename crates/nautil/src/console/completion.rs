//! `completion`: the script that makes a shell complete the application's commands.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use shaku::Component;

use crate::console::{Command, Commands, DynCommand, Failure, Output};

/// Print the completion script of a shell
///
/// bash: eval "$(app completion bash)"
/// zsh:  eval "$(app completion zsh)"
/// fish: app completion fish | source
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionArguments {
    /// The shell
    shell: SupportedShell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SupportedShell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(super) struct Completion {
    #[shaku(inject)]
    commands: Arc<Commands>,
}

impl Command for Completion {
    const NAME: &'static str = "completion";
    type Arguments = CompletionArguments;

    async fn run(&self, arguments: CompletionArguments, output: &Output) -> Result<(), Failure> {
        let shell = match arguments.shell {
            SupportedShell::Bash => Shell::Bash,
            SupportedShell::Zsh => Shell::Zsh,
            SupportedShell::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        let binary = self.commands.binary();
        clap_complete::generate(shell, &mut self.commands.clap(), binary, &mut script);
        // bash ends a word at a colon, and the commands have one.
        if shell == Shell::Bash {
            output.line("COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}");
        }
        let mut script = String::from_utf8_lossy(&script).into_owned();
        // zsh parts a command from its description at the first colon.
        if shell == Shell::Zsh {
            for command in self.commands.iter() {
                let escaped = command.name.replace(':', "\\:");
                script = script.replace(&format!("'{}:", command.name), &format!("'{escaped}:"));
            }
        }
        output.text(script);
        Ok(())
    }
}
