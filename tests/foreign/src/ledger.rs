//! A connection that is made once for the application, and a worker that uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nautil::BoxError;
use nautil::container::{Component, Interface};
use nautil::kernel::{DynWorker, Shutdown, Worker};

/// Where days are written down.
pub trait Ledger: Interface {
    /// Whether somebody writes in it.
    fn is_open(&self) -> bool;
}

/// A ledger that takes an await to be had, as a connection does.
pub(crate) struct Connected(AtomicBool);

impl Ledger for Connected {
    fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Connects.
pub(crate) async fn connect() -> Result<Arc<Connected>, BoxError> {
    std::future::ready(()).await;
    Ok(Arc::new(Connected(AtomicBool::new(false))))
}

/// Keeps the ledger open while the application runs.
#[derive(Component)]
#[shaku(interface = DynWorker)]
pub(crate) struct Scribe {
    #[shaku(inject)]
    ledger: Arc<Connected>,
}

impl Worker for Scribe {
    async fn run(&self, stopping: Shutdown) -> Result<(), BoxError> {
        self.ledger.0.store(true, Ordering::Release);
        stopping.requested().await;
        self.ledger.0.store(false, Ordering::Release);
        Ok(())
    }
}
