//! `grpc:services`: what is served, by whom.

use std::sync::Arc;

use clap::Args;
use shaku::Component;

use crate::console::{Command, DynCommand, Failure, Output};
use crate::grpc::Services;

/// List the served services: methods, kinds, implementation, bootloader
#[derive(Debug, Args)]
pub(crate) struct GrpcServicesArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct GrpcServices {
    #[shaku(inject)]
    services: Arc<Services>,
}

impl Command for GrpcServices {
    const NAME: &'static str = "grpc:services";
    type Arguments = GrpcServicesArguments;

    async fn run(&self, _: GrpcServicesArguments, output: &Output) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for service in self.services.iter() {
            for method in service.methods {
                rows.push([
                    service.name.to_owned(),
                    method.name().to_owned(),
                    method.kind().to_string(),
                    service.implementation.clone(),
                    service.bootloader.to_owned(),
                ]);
            }
        }
        if rows.is_empty() {
            output.note("no service is served: a bootloader says `init.serve::<…>()`");
            return Ok(());
        }
        let header = ["service", "method", "kind", "implementation", "bootloader"];
        output.table(header, rows);
        Ok(())
    }
}
