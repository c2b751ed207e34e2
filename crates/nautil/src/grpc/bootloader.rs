//! The framework's own gRPC features, as bootloaders.

use std::error::Error;

use std::sync::Arc;

use nautil_grpc::Status;
use nautil_grpc::client::describe;
use nautil_grpc::metrics::Metrics;
use nautil_grpc::server::{self, BindFault, ServerConfig};

use super::{
    Clients, GrpcConfig, HealthChecks, Interceptors, NetworkConnect, Pages, Services, checks,
    command,
};
use crate::bootloader::{Boot, Bootloader, BoxError, Init};
use crate::container::{Container, ResolveError};

/// The server: section `server`, `serve`, `health`, `grpc:services`, and the application's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrpcServerBootloader;

#[async_trait::async_trait]
impl Bootloader for GrpcServerBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Services>();
        init.declare::<Pages>();
        init.declare::<HealthChecks>();
        init.declare::<Interceptors>();
        init.check(|container| whole(container, Services::check));
        init.check(|container| whole(container, Pages::check));
        init.check(|container| whole(container, HealthChecks::check));
        init.instance(Arc::new(Metrics::default()));
        init.config::<ServerConfig>()
            .command::<command::Serve>()
            .command::<command::Health>()
            .command::<command::GrpcServices>()
            .command::<command::GrpcExplain>()
            .describe(failed_bind);
    }

    async fn boot(&self, boot: &Boot) -> Result<(), BoxError> {
        let services = boot.get::<Services>()?;
        let served: Vec<&'static str> = services.iter().map(|service| service.name).collect();
        if let Some(unknown) = boot.get::<HealthChecks>()?.unknown(&served) {
            return Err(unknown.into());
        }
        let interceptors = boot.get::<Interceptors>()?;
        checks::server(&services, &interceptors, &*boot.get::<ServerConfig>()?)?;
        checks::clients(
            &services,
            &*boot.get::<Clients>()?,
            &interceptors,
            &*boot.get::<Container>()?,
        )
    }
}

/// Checks what bootloaders declared of one kind, and returns what cannot be built.
fn whole<T: Send + Sync + 'static>(
    container: &Container,
    check: fn(&T, &Container) -> Vec<ResolveError>,
) -> Vec<ResolveError> {
    match container.get::<T>() {
        Ok(declared) => check(&declared, container),
        Err(fault) => vec![fault],
    }
}

/// The clients' way to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrpcClientBootloader;

impl Bootloader for GrpcClientBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Clients>();
        init.declare::<Interceptors>();
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

/// The words for a failed call that reach the console: the status alone would not say who was called.
fn failed_call(error: &(dyn Error + 'static)) -> Option<String> {
    error.downcast_ref::<Status>().map(describe)
}

/// The words for an address that cannot be listened on. They name the variable that sets another one, which nautil-grpc does not
/// know.
fn failed_bind(error: &(dyn Error + 'static)) -> Option<String> {
    let error: &server::Error = error.downcast_ref()?;
    let server::Error::Bind { key, fault, .. } = error else {
        return None;
    };
    let and = match fault {
        BindFault::InUse | BindFault::NoDirectory | BindFault::NotASocket => " or ",
        BindFault::Denied => ", and ",
        _ => "; ",
    };
    let example = match fault {
        BindFault::Unresolved => " to an address such as 127.0.0.1:9001",
        _ => "",
    };
    let variable = key.replace('.', "__").to_uppercase();
    Some(format!("{error}{and}set APP_{variable}{example}"))
}
