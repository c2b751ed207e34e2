//! All series of one metric, by the values of their labels.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::{MetricType, TypedMetric};

use super::HistogramSeries;

/// The labels of one series: their names with their values.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];

/// Every series of one metric. A clone is the same.
#[derive(Debug)]
pub(super) struct Series<M, const N: usize, C = fn() -> M> {
    names: [&'static str; N],
    family: Family<Labels<N>, M, C>,
}

/// Makes the histograms of one metric, which have the same bounds.
#[derive(Debug, Clone)]
pub(super) struct Bounds(pub(super) Arc<[f64]>);

impl<M, const N: usize, C> Series<M, N, C>
where
    M: Clone,
    C: MetricConstructor<M>,
{
    /// None yet; the one without labels, which can be no other, from the start.
    pub(super) fn new(names: [&'static str; N], make: C) -> Self {
        let series = Self {
            names,
            family: Family::new_with_constructor(make),
        };
        if N == 0 {
            series.with([""; N]);
        }
        series
    }

    /// The series of these values, made now if there was none.
    pub(super) fn with(&self, values: [&str; N]) -> M {
        let mut index = 0;
        let labels = values.map(|value| {
            let label = (self.names[index], value.to_owned());
            index += 1;
            label
        });
        self.family.get_or_create_owned(&labels)
    }
}

impl<M, const N: usize, C: Clone> Clone for Series<M, N, C> {
    fn clone(&self) -> Self {
        Self {
            names: self.names,
            family: self.family.clone(),
        }
    }
}

impl<M, const N: usize, C> EncodeMetric for Series<M, N, C>
where
    M: EncodeMetric + TypedMetric + Clone,
    C: MetricConstructor<M>,
{
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        if N == 0 {
            // A family would write empty braces.
            return self.with([""; N]).encode(encoder);
        }
        self.family.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        M::TYPE
    }

    fn is_empty(&self) -> bool {
        N > 0 && self.family.is_empty()
    }
}

impl MetricConstructor<HistogramSeries> for Bounds {
    fn new_metric(&self) -> HistogramSeries {
        HistogramSeries::new(self.0.iter().copied())
    }
}
