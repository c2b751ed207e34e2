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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::{CUT, Drain, Drained};

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_say_that_it_was_cut_is_counted() {
        let drain = Drain::default();
        for calls in [2, 3] {
            let connection = drain.clone();
            drain.connections.spawn(async move {
                connection.cut.cancelled().await;
                connection.count_cut(calls);
            });
        }
        let blocked = drain.connections.spawn(pending::<()>());
        let begun = tokio::time::Instant::now();
        let limit = Duration::from_secs(5);
        let drained = drain.finish(limit).await;
        assert_eq!(begun.elapsed(), limit + CUT);
        assert_eq!((drained.connections_cut, drained.calls_cut), (3, 5));
        assert!(!drained.is_clean());
        assert_eq!(drained.to_string(), "3 connections with 5 calls were cut");
        blocked.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_ends_with_the_last_connection() {
        let drain = Drain::default();
        let connection = drain.clone();
        drain
            .connections
            .spawn(async move { connection.started.cancelled().await });
        let begun = tokio::time::Instant::now();
        let drained = drain.finish(Duration::from_secs(5)).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert_eq!(drained, Drained::default());
        assert_eq!(drained.to_string(), "every call was finished");
    }
}
