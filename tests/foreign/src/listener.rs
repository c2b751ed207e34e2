//! A layer that hears every event of the process.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Counts events.
#[derive(Debug, Default)]
pub(crate) struct Listener(AtomicU64);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
