//! The framework's own bootloaders: each a feature like any of an application's.

use crate::bootloader::Bootloaders;
use crate::console::ConsoleBootloader;
use crate::environment::Environment;
use crate::grpc::{GrpcClientBootloader, GrpcGeneratorBootloader, GrpcServerBootloader};
use crate::kernel::AppBootloader;
use crate::telemetry::TelemetryBootloader;

/// Lists the framework's bootloaders, which come before those of the application.
pub(crate) fn bootloaders() -> Bootloaders {
    let bootloaders = Bootloaders::new()
        .with(AppBootloader)
        .with(ConsoleBootloader)
        .with(TelemetryBootloader)
        .with(GrpcClientBootloader)
        .with(GrpcServerBootloader)
        .with(GrpcGeneratorBootloader);
    #[cfg(feature = "dev")]
    let bootloaders = bootloaders.with(crate::dev::DevBootloader);
    bootloaders
}

/// Does what features have to do before the application begins.
pub(crate) fn begin(_environment: &Environment) {
    #[cfg(feature = "dev")]
    crate::dev::tie_to_parent(_environment);
}
