//! What the application says about itself: logs, for now.

mod config;
#[cfg(feature = "tokio-console")]
mod tokio_console;

use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

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
    let logs = logs(config.format, output.error_ansi()).with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(logs);
    #[cfg(feature = "tokio-console")]
    let subscriber = subscriber.with(tokio_console::layer(container, output));
    let _ = subscriber.try_init();
}

/// Writes the lines. The pretty ones are followed by one for each span that ends, with the time that it took.
fn logs<S>(format: Format, ansi: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(ansi)
        .with_writer(std::io::stderr);
    match format {
        Format::Text => layer.boxed(),
        Format::Pretty => layer.pretty().with_span_events(FmtSpan::CLOSE).boxed(),
        Format::Json => layer.json().boxed(),
    }
}
