//! What the almanac counts.

use nautil::grpc::metrics::{Counter, Error, Metrics};

pub(crate) struct AlmanacMetrics {
    pub(crate) asked: Counter,
}

impl AlmanacMetrics {
    pub(crate) fn declare(metrics: &Metrics) -> Result<Self, Error> {
        let asked = metrics.counter("almanac_asked", "Questions for all days", &[])?;
        Ok(AlmanacMetrics { asked })
    }
}
