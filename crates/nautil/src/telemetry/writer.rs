//! The way of a log line to standard error. It never holds up the code that logs.

use std::io;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines may wait for a slow reader. Further lines are dropped, and counted.
const WAITING: usize = 8192;

/// How often the number of dropped lines is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Writes the lines that wait when it is dropped. It waits no longer than a second for a reader who has stopped reading.
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

/// Logs how many lines were dropped, as soon as there is room for that line.
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
        // If this line was dropped too, the next one tells of all of them.
        if counter.dropped_lines() == dropped {
            told = dropped;
        }
    }
}
