//! `health`: one question to a server's health service, for a container's HEALTHCHECK and other probes that run a command.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use shaku::Component;

use crate::config::duration;
use crate::console::{Command, DynCommand, Failure, Output};
use crate::grpc::probe::Probe;
use crate::grpc::server::{Listen, ServerConfig};

/// Ask a server whether it serves: exit code 0 if it does, 1 if not
#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    /// The server: host:port or unix:path [default: where this application's server listens]
    #[arg(long)]
    address: Option<Listen>,
    /// Ask the --address over TLS, and trust the certificate of `server.tls.certificate` alone
    #[arg(long, requires = "address")]
    tls: bool,
    /// Ask for this service, by its full name; without it for the server as a whole
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    service: String,
    /// How long the answer may take, connecting included
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = timeout)]
    timeout: Duration,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Health {
    #[shaku(inject)]
    config: Arc<ServerConfig>,
}

impl Command for Health {
    const NAME: &'static str = "health";
    type Arguments = HealthArguments;

    async fn run(&self, arguments: HealthArguments, output: &Output) -> Result<(), Failure> {
        let HealthArguments {
            address,
            tls,
            service,
            timeout,
        } = arguments;
        let probe = match (address, tls) {
            (None, _) => Probe::of(&self.config),
            (Some(address), false) => Probe::plain(address, &self.config),
            (Some(address), true) => Probe::pinned(address, &self.config)?,
        };
        probe.check(service, timeout).await?;
        output.line("SERVING");
        Ok(())
    }
}

fn timeout(text: &str) -> Result<Duration, &'static str> {
    match duration::parse(text) {
        Ok(timeout) if !timeout.is_zero() => Ok(timeout),
        Err(duration::ParseError::TooLong) => Err("expected a duration of at most 100y"),
        Ok(_) | Err(duration::ParseError::Unreadable) => {
            Err("expected a duration with its unit, such as 3s or 500ms")
        }
    }
}
