//! `new`: a project that serves, from the first minute.

use std::path::PathBuf;

use clap::Args;
use nautil::console::{Command, DynCommand, Failure, Output};
use shaku::Component;

use crate::skeleton::{Framework, Name, Skeleton};

/// Start a project: the app `currency-rate` under a name of your own
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The name of the project, and of its directory
    name: String,
    /// The directory of the crate `nautil` [default: that beside which this command was built, or else its release]
    #[arg(long, value_name = "DIRECTORY")]
    framework: Option<PathBuf>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct New;

impl Command for New {
    const NAME: &'static str = "new";
    type Arguments = NewArguments;

    async fn run(&self, arguments: NewArguments, output: &Output) -> Result<(), Failure> {
        let name: Name = arguments.name.parse().map_err(Failure::wrong_use)?;
        let built_beside = || option_env!("NAUTIL_FRAMEWORK").map(PathBuf::from);
        let framework = arguments.framework.or_else(built_beside);
        let framework = framework.map_or(Framework::Release, Framework::Directory);
        let skeleton = Skeleton::new(name, framework)?;
        let written = skeleton.write()?;
        output.line(format_args!("{written} files in {}/", arguments.name));
        output.note("");
        output.note("Next steps:");
        output.note(format_args!("  cd {}", arguments.name));
        output.note("  cargo run -- serve");
        output.note("  cargo run -- grpc:get-currency-rate TRYUSD    # in a second terminal");
        Ok(())
    }
}
