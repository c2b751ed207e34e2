//! The framework's own gRPC features, as bootloaders.

use std::error::Error;

use nautil_grpc::Status;
use nautil_grpc::client::describe;
use nautil_grpc::server::ServerConfig;

use super::{GrpcConfig, NetworkConnect, Services, command};
use crate::bootloader::{Bootloader, Init};

/// The server: section `server`, `serve`, `health`, `grpc:services`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrpcServerBootloader;

impl Bootloader for GrpcServerBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Services>();
        init.check(|container| match container.get::<Services>() {
            Ok(services) => services.check(container),
            Err(fault) => vec![fault],
        });
        init.config::<ServerConfig>()
            .command::<command::Serve>()
            .command::<command::Health>()
            .command::<command::GrpcServices>();
    }
}

/// The clients' way to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrpcClientBootloader;

impl Bootloader for GrpcClientBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.bind::<NetworkConnect>().describe(failed_call);
    }
}

/// The generator: section `grpc`, and `grpc:generate` where the feature `codegen` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrpcGeneratorBootloader;

impl Bootloader for GrpcGeneratorBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<GrpcConfig>();
        #[cfg(feature = "codegen")]
        init.command::<command::GrpcGenerate>();
    }
}

/// A call's status as people are told it.
fn failed_call(error: &(dyn Error + 'static)) -> Option<String> {
    error.downcast_ref::<Status>().map(describe)
}
