//! The days themselves, and the port through which others ask for them.

use std::sync::Arc;

use nautil::container::{Component, Interface};

use crate::metrics::AlmanacMetrics;

/// What bootloaders remember, in the order in which they do.
#[derive(Debug, Default)]
pub struct Days(pub(crate) Vec<(String, &'static str)>);

/// Asks for days.
pub trait Almanac: Interface {
    /// All that are known.
    fn days(&self) -> Vec<String>;
}

#[derive(Component)]
#[shaku(interface = Almanac)]
pub(crate) struct Remembered {
    #[shaku(inject)]
    days: Arc<Days>,
    #[shaku(inject)]
    metrics: Arc<AlmanacMetrics>,
}

impl Almanac for Remembered {
    fn days(&self) -> Vec<String> {
        self.metrics.asked.inc();
        let days: Vec<String> = self.days.0.iter().map(|(day, _)| day.clone()).collect();
        tracing::debug!(days = days.len(), "the almanac was asked");
        days
    }
}
