//! The way of a log line to standard error, which never holds up whoever writes it.

use std::io;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines wait for a reader who is slow. What comes beyond them is dropped, and counted.
const WAITING: usize = 8192;

/// How often is looked whether lines were dropped.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes what waits when it is dropped; a reader who has stopped reading is not waited for longer than a second.
#[must_use]
pub(super) struct Flush(#[allow(dead_code, reason = "it works by being dropped")] WorkerGuard);

/// A writer that hands lines to a thread of its own.
pub(super) fn standard_error() -> (NonBlocking, Flush) {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .thread_name("nautil-logs")
        .finish(io::stderr());
    tokio::spawn(tell_of_dropped(writer.error_counter()));
    (writer, Flush(guard))
}

/// Says how many lines were dropped, once there is room for saying so.
async fn tell_of_dropped(counter: ErrorCounter) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = 0;
    loop {
        ticks.tick().await;
        let dropped = counter.dropped_lines();
        if dropped == told {
            continue;
        }
        let lines = dropped - told;
        warn!(
            lines,
            "log lines were dropped: standard error is read too slowly"
        );
        // Where this line was dropped too, all of them are told the next time.
        if counter.dropped_lines() == dropped {
            told = dropped;
        }
    }
}
