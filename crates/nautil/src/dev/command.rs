//! `dev`: the command line of the inner loop.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use super::changes::Places;
use super::inner_loop::InnerLoop;
use super::project::Project;
use super::sockets::HeldSockets;
use super::watch::Watch;
use crate::config::Sources;
use crate::console::{Command, DynCommand, Failure, Globals, Output};
use crate::grpc::GrpcConfig;
use crate::grpc::server::ServerConfig;
use crate::kernel::on_signals;
use crate::shutdown::Shutdown;

/// Serve, and swap the server for a new one whenever a file changes
///
/// A source is built, a contract is generated first, a config needs neither. Connections wait for the new server, calls in
/// flight finish on the old one. What does not build or start changes nothing: the old server goes on.
#[derive(Debug, Args)]
pub(crate) struct DevArguments {
    /// Run the tests after each build
    #[arg(long)]
    test: bool,
    /// Options for cargo, such as --release or --features
    #[arg(last = true, value_name = "CARGO OPTIONS")]
    cargo: Vec<String>,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Dev {
    #[shaku(inject)]
    server: Arc<ServerConfig>,
    #[shaku(inject)]
    grpc: Arc<GrpcConfig>,
    #[shaku(inject)]
    sources: Arc<Sources>,
    #[shaku(inject)]
    options: Arc<Globals>,
    #[shaku(inject)]
    shutdown: Arc<Shutdown>,
}

impl Command for Dev {
    const NAME: &'static str = "dev";
    type Arguments = DevArguments;

    async fn run(&self, arguments: DevArguments, output: &Output) -> Result<(), Failure> {
        on_signals((*self.shutdown).clone(), Some(output.clone()))?;
        let project = Project::find(&self.sources.root)?;
        let places = Places {
            target: project.target.clone(),
            generated: project.root.join(&self.grpc.generated),
            config: project.root.join(self.sources.config_directory()),
            root: project.root.clone(),
        };
        let watch = Watch::start(&project, places)?;
        let sockets = HeldSockets::bind(&self.server)?;
        let inner_loop = InnerLoop::new(
            project,
            sockets,
            Arc::clone(&self.sources),
            Arc::clone(&self.options),
            arguments.cargo,
            arguments.test,
            output.clone(),
        );
        inner_loop.run(watch, &self.shutdown).await
    }
}
