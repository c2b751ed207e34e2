//! What the application says about itself: logs, for now.

mod config;
mod init;
#[cfg(feature = "tokio-console")]
mod tokio_console;
mod writer;

use tracing::{Level, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::bootloader::{Bootloader, Init};
use crate::console::{Output, Verbosity};
use crate::container::Container;
pub use config::{Format, TelemetryConfig};
pub use init::BoxLayer;
use init::Layers;

/// Declares the section `telemetry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelemetryBootloader;

impl Bootloader for TelemetryBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Layers>();
        init.config::<TelemetryConfig>();
    }
}

/// The logs of this process. Log lines that wait to be written are written when this is dropped.
#[must_use]
pub(crate) struct Logs(#[allow(dead_code, reason = "it works by being dropped")] writer::Flush);

/// Sends the logs of this process to standard error, as the section `telemetry` and the flags `-v` and `-q` say, and to the layers
/// that features declared. It needs a tokio runtime.
///
/// If the section is broken, its defaults are used: a command that needs the config reports it. If the process has a subscriber
/// already, that one stays.
pub(crate) fn start(container: &Container, output: &Output) -> Logs {
    let config = container.get::<TelemetryConfig>().unwrap_or_default();
    let filter = match output.verbosity() {
        Verbosity::Quiet => EnvFilter::new(Level::ERROR.as_str()),
        Verbosity::Normal => EnvFilter::new(&config.filter),
        Verbosity::Verbose => EnvFilter::new(Level::DEBUG.as_str()),
        Verbosity::Trace => EnvFilter::new(Level::TRACE.as_str()),
    };
    let (writer, flush) = writer::standard_error();
    let logs = logs(config.format, output.error_ansi(), writer).with_filter(filter);
    // An empty list would be a layer that wants nothing to be recorded, by anybody.
    let features = Some(features(container, output)).filter(|features| !features.is_empty());
    let subscriber = tracing_subscriber::registry().with(features).with(logs);
    #[cfg(feature = "tokio-console")]
    let subscriber = subscriber.with(tokio_console::layer(container, output));
    let _ = subscriber.try_init();
    Logs(flush)
}

/// Makes the layers of the features. The errors of those that cannot be made are printed.
fn features(container: &Container, output: &Output) -> Vec<BoxLayer> {
    let Ok(layers) = container.get::<Layers>() else {
        return Vec::new();
    };
    let made = layers.make(container);
    made.filter_map(|layer| layer.map_err(|error| output.fault(&error)).ok())
        .collect()
}

/// The layer that writes log lines. In the form `pretty` there is one more line for each span that ends, with the time that it
/// took.
fn logs<S>(format: Format, ansi: bool, writer: NonBlocking) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(ansi)
        .with_writer(writer);
    match format {
        Format::Text => layer.boxed(),
        Format::Pretty => layer.pretty().with_span_events(FmtSpan::CLOSE).boxed(),
        Format::Json => layer.json().boxed(),
    }
}
