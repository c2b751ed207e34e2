//! What the application says about itself: logs, for now.

mod config;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::bootloader::{Bootloader, Init};
use crate::console::{Output, Verbosity};
use crate::container::Container;
pub use config::{Format, TelemetryConfig};

/// Declares the section `telemetry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelemetryBootloader;

impl Bootloader for TelemetryBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<TelemetryConfig>();
    }
}

/// Sends the logs of this process to standard error, as the section `telemetry` and the flags `-v` and `-q` say.
///
/// A broken section is reported by whoever needs the whole config; until then the defaults serve. A subscriber that is
/// there already stays.
pub(crate) fn start(container: &Container, output: &Output) {
    let config = container.get::<TelemetryConfig>().unwrap_or_default();
    let filter = match output.verbosity() {
        Verbosity::Quiet => EnvFilter::new(Level::ERROR.as_str()),
        Verbosity::Normal => EnvFilter::new(&config.filter),
        Verbosity::Verbose => EnvFilter::new(Level::DEBUG.as_str()),
        Verbosity::Trace => EnvFilter::new(Level::TRACE.as_str()),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(output.error_ansi())
        .with_writer(std::io::stderr);
    let _ = match config.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
}
