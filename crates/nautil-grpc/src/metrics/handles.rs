//! What a feature keeps of a metric that it declared, and records with. Each is cheap to clone, and a clone records the same.

use std::time::Duration;

use super::family::{Bounds, Series};
use super::{CounterSeries, GaugeSeries, HistogramSeries};

/// A count that only rises, of `N` labels.
///
/// ```
/// # use nautil_grpc::metrics::Metrics;
/// # let metrics = Metrics::default();
/// let fetched = metrics.counter("rates_fetched", "Rates that were fetched", &["source"])?;
/// fetched.with(["ecb"]).inc();
/// fetched.with(["ecb"]).inc_by(2);
/// # assert_eq!(fetched.with(["ecb"]).get(), 3);
/// # Ok::<(), nautil_grpc::metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Counter<const N: usize = 0>(pub(super) Series<CounterSeries, N>);

/// A figure that goes up and down, of `N` labels.
///
/// ```
/// # use nautil_grpc::metrics::Metrics;
/// # let metrics = Metrics::default();
/// let pairs = metrics.gauge("rates_pairs", "Currency pairs that have a rate", &[])?;
/// pairs.set(12.0);
/// # assert_eq!(pairs.with([]).get(), 12.0);
/// # Ok::<(), nautil_grpc::metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gauge<const N: usize = 0>(pub(super) Series<GaugeSeries, N>);

/// How figures are spread, in buckets, of `N` labels.
///
/// ```
/// # use nautil_grpc::metrics::Metrics;
/// # use std::time::Duration;
/// # let metrics = Metrics::default();
/// let help = "Time that a source took to answer";
/// let took = metrics.histogram("rates_fetch_seconds", help, &["source"], &[0.01, 0.1, 1.0])?;
/// took.with(["ecb"]).observe(Duration::from_millis(40).as_secs_f64());
/// # Ok::<(), nautil_grpc::metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Histogram<const N: usize = 0>(pub(super) Series<HistogramSeries, N, Bounds>);

impl<const N: usize> Counter<N> {
    /// The series with these values of the labels, in the order in which they were declared. Each set of values is a series
    /// that stays until the process ends, so a value is one of few: never an id, never what a caller sent.
    ///
    /// It takes a lock for a moment; a series that is recorded often is kept by whoever records it.
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> CounterSeries {
        self.0.with(values)
    }
}

impl Counter {
    /// Counts one.
    pub fn inc(&self) {
        self.with([]).inc();
    }

    /// Counts so many.
    pub fn inc_by(&self, count: u64) {
        self.with([]).inc_by(count);
    }
}

impl<const N: usize> Gauge<N> {
    /// The series with these values of the labels; see [`Counter::with`].
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> GaugeSeries {
        self.0.with(values)
    }
}

impl Gauge {
    /// Says what the figure is now.
    pub fn set(&self, value: f64) {
        self.with([]).set(value);
    }
}

impl<const N: usize> Histogram<N> {
    /// The series with these values of the labels; see [`Counter::with`].
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> HistogramSeries {
        self.0.with(values)
    }
}

impl Histogram {
    /// Adds a figure.
    pub fn observe(&self, value: f64) {
        self.with([]).observe(value);
    }

    /// Adds a time, in seconds.
    pub fn observe_time(&self, time: Duration) {
        self.observe(time.as_secs_f64());
    }
}
