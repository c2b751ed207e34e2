//! `serve`: the server, until it is asked to stop.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::console::{Command, Commands, DynCommand, Failure, Output};
use crate::container::Container;
use crate::grpc::server::{Pulse, Server, ServerConfig, Sockets};
use crate::grpc::{HealthChecks, Metrics, Pages, Services};
use crate::shutdown::Shutdown;
use crate::supervisor::{CALLS, MANAGEMENT, ServiceManager};

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
    pages: Arc<Pages>,
    #[shaku(inject)]
    health_checks: Arc<HealthChecks>,
    #[shaku(inject)]
    metrics: Arc<Metrics>,
    #[shaku(inject)]
    container: Arc<Container>,
    #[shaku(inject)]
    commands: Arc<Commands>,
    #[shaku(inject)]
    shutdown: Arc<Shutdown>,
    #[shaku(inject)]
    service_manager: Arc<ServiceManager>,
}

impl Command for Serve {
    const NAME: &'static str = "serve";
    type Arguments = ServeArguments;

    fn boots(_: &ServeArguments) -> bool {
        true
    }

    async fn run(&self, _: ServeArguments, output: &Output) -> Result<(), Failure> {
        let routes = self.services.routes(&self.container, &self.config)?;
        let management = self.service_manager.sockets(MANAGEMENT);
        let mut calls = self.service_manager.sockets(CALLS);
        // systemd names a socket after its unit where the unit says nothing else.
        if calls.is_empty() {
            calls.extend(self.service_manager.any_socket());
        }
        let sockets = Sockets { calls, management };
        let server = Server::adopt(sockets, &self.config)?
            .named(self.commands.name(), self.commands.version())
            .pages(self.pages.table(&self.container)?)
            .checks(self.health_checks.checks(&self.container)?)
            .metrics(Metrics::clone(&self.metrics));
        // Before the first word: a server that leaves a socket unanswered does not start.
        self.service_manager.all_taken()?;
        for address in server.addresses() {
            output.line(format_args!("listening on {address}"));
        }
        if let Some(address) = server.management_address() {
            output.line(format_args!("management on {address}"));
        }
        if self.services.iter().next().is_none() {
            output.note("no service is served: a bootloader says `init.serve::<…>()`");
        }
        let running = server.start(routes).await?;
        let watchdog = tokio::spawn(watchdog(Arc::clone(&self.service_manager), running.pulse()));
        self.service_manager.ready();
        let stop = async {
            self.shutdown.requested().await;
            self.service_manager.stopping();
        };
        let drained = running.until(stop).await;
        watchdog.abort();
        output.line(drained);
        Ok(())
    }
}

/// Tells the service manager that the server works, as long as every worker gets round to new work.
async fn watchdog(service_manager: Arc<ServiceManager>, pulse: Pulse) {
    let Some(period) = service_manager.watchdog() else {
        return;
    };
    let mut ticks = tokio::time::interval(period);
    // A worker that was blocked for a while owes no more than the next sign of life.
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pulse.beat().await;
        service_manager.alive();
    }
}
