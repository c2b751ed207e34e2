//! The stop: what every connection hears of it, and what it took.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// How long a connection that is cut may take to say so. One that does not is on a worker that a handler blocks.
const CUT: Duration = Duration::from_secs(1);

/// Shared by the server and all its connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Drain {
    pub(super) started: CancellationToken,
    pub(super) cut: CancellationToken,
    pub(super) connections: TaskTracker,
    calls_cut: Arc<AtomicUsize>,
    connections_cut: Arc<AtomicUsize>,
}

/// How a server stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Drained {
    /// Connections that were open when `drain_timeout` was over.
    pub connections_cut: usize,
    /// Calls in flight on them. A call of a worker that a handler blocks is not counted.
    pub calls_cut: usize,
}

impl Drain {
    /// Counts a connection that was cut with this many calls in flight.
    pub(super) fn count_cut(&self, calls: usize) {
        self.connections_cut.fetch_add(1, Ordering::Relaxed);
        self.calls_cut.fetch_add(calls, Ordering::Relaxed);
    }

    /// Starts the drain, waits for `limit`, and cuts what is left.
    pub(super) async fn finish(&self, limit: Duration) -> Drained {
        self.connections.close();
        info!(connections = self.connections.len(), "draining");
        self.started.cancel();
        if timeout(limit, self.connections.wait()).await.is_ok() {
            info!("drained");
            return Drained::default();
        }
        self.cut.cancel();
        let _ = timeout(CUT, self.connections.wait()).await;
        let drained = Drained {
            connections_cut: self.connections_cut.load(Ordering::Relaxed) + self.connections.len(),
            calls_cut: self.calls_cut.load(Ordering::Relaxed),
        };
        warn!(%drained, "the drain timeout is over (`server.drain_timeout`)");
        drained
    }
}

impl Drained {
    /// Whether every call was finished.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.connections_cut == 0
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return formatter.write_str("every call was finished");
        }
        write!(
            formatter,
            "{} connections with {} calls were cut",
            self.connections_cut, self.calls_cut
        )
    }
}
