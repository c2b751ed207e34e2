//! Which bootloaders take part in this run, and how long each of them took: what `kernel:bootloaders` prints.

use std::sync::OnceLock;
use std::time::Duration;

/// The bootloaders of this run, in their order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    enabled: Vec<Timing>,
    skipped: Vec<(&'static str, String)>,
}

/// How long one bootloader took.
#[derive(Debug)]
pub(crate) struct Timing {
    pub(crate) name: &'static str,
    pub(crate) init: Duration,
    /// Empty until it has booted.
    pub(crate) boot: OnceLock<Duration>,
}

impl Report {
    pub(crate) fn add(&mut self, name: &'static str, init: Duration) {
        self.enabled.push(Timing {
            name,
            init,
            boot: OnceLock::new(),
        });
    }

    pub(crate) fn skip(&mut self, name: &'static str, reason: String) {
        self.skipped.push((name, reason));
    }

    pub(crate) fn enabled(&self) -> impl Iterator<Item = &Timing> {
        self.enabled.iter()
    }

    pub(crate) fn skipped(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.skipped
            .iter()
            .map(|(name, reason)| (*name, reason.as_str()))
    }
}
