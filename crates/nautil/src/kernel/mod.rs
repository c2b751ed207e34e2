//! The kernel: an application's table of contents, and the order in which it comes to life.

mod app;
mod phases;
mod process;
mod report;
mod service_manager;
mod shutdown;

use std::process::ExitCode;

use crate::bootloader::Bootloaders;
use crate::console::ConsoleBootloader;
use crate::grpc::{GrpcClientBootloader, GrpcServerBootloader};
use crate::telemetry::TelemetryBootloader;

pub use app::AppConfig;
pub(crate) use phases::{Booted, Configured, Declared, Sources};
pub(crate) use process::Process;
pub(crate) use report::Report;
pub(crate) use service_manager::{MANAGEMENT, ServiceManager};
pub use shutdown::Shutdown;
#[cfg(feature = "dev")]
pub(crate) use shutdown::on_signals;

/// An application: its name, and its bootloaders.
pub trait Kernel {
    /// What the application is called.
    const NAME: &'static str;
    /// Its version: `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// The application's bootloaders. Those of the framework come before them.
    fn bootloaders(&self) -> Bootloaders;
}

/// The framework alone: what is left of an application whose `generated/` is missing, enough to generate it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bare;

impl Kernel for Bare {
    const NAME: &'static str = "nautil";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
    }
}

/// Runs an application: the whole of `main`.
pub fn run<K: Kernel>(kernel: K) -> ExitCode {
    process::run(&kernel)
}

/// The framework's own bootloaders, in front of the application's.
fn all<K: Kernel>(kernel: &K) -> Bootloaders {
    let framework = Bootloaders::new()
        .with(app::AppBootloader)
        .with(ConsoleBootloader)
        .with(TelemetryBootloader)
        .with(GrpcClientBootloader)
        .with(GrpcServerBootloader)
        .with(crate::grpc::GrpcGeneratorBootloader);
    #[cfg(feature = "dev")]
    let framework = framework.with(crate::dev::DevBootloader);
    framework.followed_by(kernel.bootloaders())
}
