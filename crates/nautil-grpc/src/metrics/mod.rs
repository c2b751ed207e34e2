//! Metrics of an application's own: counters, gauges and histograms, declared once and recorded from any thread.
//!
//! They stand beside the server's on `/metrics` of the management port. The server's own are in `server`, and are counted
//! another way.

mod check;
mod error;
mod family;
mod handles;
mod registry;

pub use error::{Error, ErrorKind};
pub use handles::{Counter, Gauge, Histogram};
pub use registry::Metrics;

/// What one of a counter's series is recorded with.
pub type CounterSeries = prometheus_client::metrics::counter::Counter;

/// What one of a gauge's series is recorded with: a figure that goes up and down.
pub type GaugeSeries = prometheus_client::metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;

/// What one of a histogram's series is recorded with.
pub type HistogramSeries = prometheus_client::metrics::histogram::Histogram;
