//! `serve`: the server, until it is asked to stop.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::console::{Command, Commands, DynCommand, Failure, Output};
use crate::container::Container;
use crate::grpc::Services;
use crate::grpc::server::{Server, ServerConfig};
use crate::kernel::Shutdown;

/// Serve the gRPC services until SIGINT or SIGTERM
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Serve {
    #[shaku(inject)]
    config: Arc<ServerConfig>,
    #[shaku(inject)]
    services: Arc<Services>,
    #[shaku(inject)]
    container: Arc<Container>,
    #[shaku(inject)]
    commands: Arc<Commands>,
    #[shaku(inject)]
    shutdown: Arc<Shutdown>,
}

impl Command for Serve {
    const NAME: &'static str = "serve";
    type Arguments = ServeArguments;

    fn boots(_: &ServeArguments) -> bool {
        true
    }

    async fn run(&self, _: ServeArguments, output: &Output) -> Result<(), Failure> {
        let routes = self.services.routes(&self.container, &self.config.limits)?;
        let server =
            Server::bind(&self.config)?.named(self.commands.name(), self.commands.version());
        output.line(format_args!("listening on {}", server.address()));
        if let Some(address) = server.management_address() {
            output.line(format_args!("management on {address}"));
        }
        if self.services.iter().next().is_none() {
            output.note("no service is served: a bootloader says `init.serve::<…>()`");
        }
        let drained = server.run(routes, self.shutdown.requested()).await?;
        output.line(drained);
        Ok(())
    }
}
