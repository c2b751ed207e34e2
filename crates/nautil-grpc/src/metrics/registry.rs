//! Every metric that was declared.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::{Metric, Registry};

use super::check;
use super::error::{Error, ErrorKind};
use super::family::{Bounds, Series};
use super::handles::{Counter, Gauge, Histogram};
use super::{CounterSeries, GaugeSeries};

/// The metrics of an application. A clone is the same list.
///
/// A name is that of one metric, whoever declares it: who declares it again in the same words gets the same metric, and who
/// declares another under its name gets an error.
///
/// ```
/// use nautil_grpc::metrics::Metrics;
///
/// let metrics = Metrics::default();
/// let fetched = metrics.counter("rates_fetched", "Rates that were fetched", &["source"])?;
/// fetched.with(["ecb"]).inc();
/// // On `/metrics` it is `rates_fetched_total{source="ecb"} 1`.
///
/// let error = metrics.counter("rates_fetched_total", "Rates that were fetched", &[]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "metric `rates_fetched_total` cannot be declared: \
///      `_total` is put behind names where it belongs; leave it out: `rates_fetched`"
/// );
/// # Ok::<(), nautil_grpc::metrics::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    registry: Registry,
    declared: Vec<Declared>,
}

/// A metric that is there.
struct Declared {
    name: String,
    kind: Kind,
    help: String,
    labels: Vec<&'static str>,
    /// Of a histogram.
    bounds: Vec<f64>,
    /// What was handed out for it.
    handle: Box<dyn Any + Send>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What is asked for.
struct Asked<'asked> {
    name: &'asked str,
    kind: Kind,
    help: &'asked str,
    labels: &'asked [&'static str],
    bounds: &'asked [f64],
}

impl Metrics {
    /// A count that only rises. On `/metrics` its name ends with `_total`, which `name` leaves out.
    ///
    /// `help` says what is counted, in one sentence without a full stop.
    ///
    /// # Errors
    /// A name or labels that OpenMetrics does not allow, a name that is the framework's, and one that another metric has.
    pub fn counter<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
    ) -> Result<Counter<N>, Error> {
        let asked = Asked {
            name,
            kind: Kind::Counter,
            help,
            labels,
            bounds: &[],
        };
        let make: fn() -> CounterSeries = CounterSeries::default;
        self.declare(&asked, || Series::new(*labels, make))
            .map(Counter)
    }

    /// A figure that goes up and down.
    ///
    /// # Errors
    /// As for [`Metrics::counter`].
    pub fn gauge<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
    ) -> Result<Gauge<N>, Error> {
        let asked = Asked {
            name,
            kind: Kind::Gauge,
            help,
            labels,
            bounds: &[],
        };
        let make: fn() -> GaugeSeries = GaugeSeries::default;
        self.declare(&asked, || Series::new(*labels, make))
            .map(Gauge)
    }

    /// How figures are spread: for each of `bounds`, how many were not above it. Times are in seconds, and the name says so.
    ///
    /// # Errors
    /// As for [`Metrics::counter`]; and bounds that are none, not finite, or do not rise.
    pub fn histogram<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
        bounds: &[f64],
    ) -> Result<Histogram<N>, Error> {
        let asked = Asked {
            name,
            kind: Kind::Histogram,
            help,
            labels,
            bounds,
        };
        self.declare(&asked, || Series::new(*labels, Bounds(bounds.into())))
            .map(Histogram)
    }

    /// Writes them all as OpenMetrics text, without the end mark.
    ///
    /// # Errors
    /// None that a string can make.
    pub(crate) fn write(&self, text: &mut String) -> fmt::Result {
        encode_registry(text, &self.0.lock().registry)
    }

    fn declare<S>(&self, asked: &Asked<'_>, make: impl FnOnce() -> S) -> Result<S, Error>
    where
        S: Metric + Clone,
    {
        let error = |kind| Error {
            name: asked.name.to_owned(),
            kind,
        };
        asked.check().map_err(error)?;
        let mut inner = self.0.lock();
        for other in &inner.declared {
            if other.name == asked.name {
                let handle = other.handle.downcast_ref::<S>();
                let Some(handle) = handle.filter(|_| other.is(asked)) else {
                    return Err(error(ErrorKind::Another {
                        first: other.asked().told(),
                        second: asked.told(),
                    }));
                };
                return Ok(handle.clone());
            }
            let taken = other.asked().samples();
            if let Some(sample) = asked.samples().into_iter().find(|own| taken.contains(own)) {
                let other = other.name.clone();
                return Err(error(ErrorKind::Clash { sample, other }));
            }
        }
        let series = make();
        // The registry writes help as it is, with a full stop behind it.
        inner
            .registry
            .register(asked.name, escaped(asked.help), series.clone());
        inner.declared.push(Declared {
            name: asked.name.to_owned(),
            kind: asked.kind,
            help: asked.help.to_owned(),
            labels: asked.labels.to_vec(),
            bounds: asked.bounds.to_vec(),
            handle: Box::new(series.clone()),
        });
        Ok(series)
    }
}

impl Asked<'_> {
    fn check(&self) -> Result<(), ErrorKind> {
        check::name(self.name)?;
        check::labels(self.labels)?;
        if self.help.trim().is_empty() {
            return Err(ErrorKind::Help);
        }
        if self.kind == Kind::Histogram {
            check::bounds(self.bounds)?;
        }
        Ok(())
    }

    /// Every name that it has in the text.
    fn samples(&self) -> Vec<String> {
        let suffixes: &[&str] = match self.kind {
            Kind::Counter => &["", "_total"],
            Kind::Gauge => &[""],
            Kind::Histogram => &["", "_bucket", "_count", "_sum"],
        };
        let samples = suffixes
            .iter()
            .map(|suffix| format!("{}{suffix}", self.name));
        samples.collect()
    }

    fn told(&self) -> String {
        let kind = match self.kind {
            Kind::Counter => "a counter",
            Kind::Gauge => "a gauge",
            Kind::Histogram => "a histogram",
        };
        let labels = match self.labels {
            [] => "without labels".to_owned(),
            labels => format!("by `{}`", labels.join("`, `")),
        };
        let bounds = match self.bounds {
            [] => String::new(),
            bounds => format!(" with the bounds {bounds:?}"),
        };
        format!("{kind} {labels}{bounds} (\"{}\")", self.help)
    }
}

impl Declared {
    fn asked(&self) -> Asked<'_> {
        Asked {
            name: &self.name,
            kind: self.kind,
            help: &self.help,
            labels: &self.labels,
            bounds: &self.bounds,
        }
    }

    fn is(&self, asked: &Asked<'_>) -> bool {
        self.kind == asked.kind
            && self.help == asked.help
            && self.labels == asked.labels
            && self.bounds == asked.bounds
    }
}

/// Help as OpenMetrics writes it.
fn escaped(help: &str) -> String {
    let help = help.trim().trim_end_matches('.');
    help.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('"', "\\\"")
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.lock();
        let names = inner.declared.iter().map(|declared| &declared.name);
        formatter.debug_list().entries(names).finish()
    }
}
