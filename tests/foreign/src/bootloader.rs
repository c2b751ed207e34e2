//! The feature on one page, and its verb for the bootloaders of others.

use nautil::{Bootloader, Init};

use crate::almanac::{Days, Remembered};
use crate::check::AlmanacCheck;
use crate::config::AlmanacConfig;
use crate::ledger::{Connected, Ledger, Scribe, connect};
use crate::listener::Listener;
use crate::metrics::AlmanacMetrics;
use crate::page::AlmanacPage;

/// The almanac: section `almanac`, `Arc<dyn Almanac>` and `Arc<dyn Ledger>`, a check, a metric, the page `/almanac`, a worker and
/// a layer of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlmanacBootloader;

impl Bootloader for AlmanacBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Days>();
        init.config::<AlmanacConfig>()
            .bind::<Remembered>()
            .metrics(AlmanacMetrics::declare)
            .health_check::<AlmanacCheck>()
            .page::<AlmanacPage>()
            .async_factory::<Connected, _>(|_| connect())
            .factory::<dyn Ledger>(|resolver| Ok(resolver.get::<Connected>()))
            .worker::<Scribe>()
            .tracing_layer(|_| Ok(Box::new(Listener::default())));
    }
}

/// What other bootloaders say to the almanac.
pub trait AlmanacInit {
    /// Remembers a day. The application does not start where it is remembered already.
    fn remember(&mut self, day: &str) -> &mut Self;
}

impl AlmanacInit for Init<'_> {
    fn remember(&mut self, day: &str) -> &mut Self {
        let bootloader = self.bootloader();
        let days = &mut self.declare::<Days>().0;
        match days.iter().find(|(known, _)| known == day) {
            Some(&(_, first)) => self.twice("day", day, first),
            None => days.push((day.to_owned(), bootloader)),
        }
        self
    }
}
