//! How busy the workers are: their time at work since the start, and the share of the last 15 seconds.
//!
//! The runtime says how long each worker was at work, but counts a stretch only when that is over. A worker that a handler
//! blocks would look idle for as long; so one that has neither rested nor counted anything since the last look is counted as
//! busy for the time in between, until the runtime's own figure arrives.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::runtime::RuntimeMetrics;

use super::config::Mode;

/// What the share is taken of.
const WINDOW: Duration = Duration::from_secs(15);

/// How often [`Saturation::look`] is to be called.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Looks at the workers again and again.
#[derive(Debug)]
pub(super) struct Saturation {
    mode: Mode,
    workers: Vec<(WorkerMetrics, Stopwatch)>,
    /// The newest last; the first is as old as the window, once the server is.
    looks: VecDeque<Look>,
}

/// Where the runtime's figures of one worker are.
#[derive(Debug)]
pub(super) struct WorkerMetrics {
    pub(super) runtime: RuntimeMetrics,
    pub(super) worker: usize,
}

/// What was seen at one time.
#[derive(Debug, Clone)]
pub(super) struct Look {
    at: Instant,
    /// The time that each worker has been at work, since it started.
    pub(super) busy: Vec<Duration>,
}

/// The time one worker has been at work. It never goes back.
#[derive(Debug, Clone, Copy)]
struct Stopwatch {
    seen: Figures,
    seen_at: Instant,
    /// What the stretch that is not over has lasted, as far as we know.
    open: Duration,
    busy: Duration,
}

/// What the runtime says of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Figures {
    busy: Duration,
    /// Odd while the worker rests.
    rests: u64,
}

impl Saturation {
    pub(super) fn new(mode: Mode, workers: Vec<WorkerMetrics>, now: Instant) -> Self {
        let workers = workers.into_iter().map(|metrics| {
            let stopwatch = Stopwatch::new(metrics.figures(), now);
            (metrics, stopwatch)
        });
        let mut saturation = Self {
            mode,
            workers: workers.collect(),
            looks: VecDeque::new(),
        };
        let first = saturation.look_at(now);
        saturation.looks.push_back(first);
        saturation
    }

    /// Takes a look, and keeps it for the window.
    pub(super) fn look(&mut self, now: Instant) {
        let look = self.look_at(now);
        self.looks.push_back(look);
        let is_old = |look: &Look| now.saturating_duration_since(look.at) >= WINDOW;
        while self.looks.get(1).is_some_and(is_old) {
            self.looks.pop_front();
        }
    }

    /// The workers' times now, and the share of the window that the busiest one of `per_core` was at work; of `shared`, all
    /// of them on average, because there a call goes to whichever worker is free.
    pub(super) fn read(&mut self, now: Instant) -> (Look, f64) {
        let look = self.look_at(now);
        let share = self
            .looks
            .front()
            .map_or(0.0, |then| share(self.mode, then, &look));
        (look, share)
    }

    fn look_at(&mut self, now: Instant) -> Look {
        let busy = self.workers.iter_mut();
        let busy = busy.map(|(metrics, stopwatch)| stopwatch.advance(metrics.figures(), now));
        Look {
            at: now,
            busy: busy.collect(),
        }
    }
}

impl WorkerMetrics {
    fn figures(&self) -> Figures {
        Figures {
            busy: self.runtime.worker_total_busy_duration(self.worker),
            rests: self.runtime.worker_park_unpark_count(self.worker),
        }
    }
}

impl Stopwatch {
    fn new(figures: Figures, now: Instant) -> Self {
        Self {
            seen: figures,
            seen_at: now,
            open: Duration::ZERO,
            busy: figures.busy,
        }
    }

    fn advance(&mut self, figures: Figures, now: Instant) -> Duration {
        let is_at_work = figures.rests.is_multiple_of(2);
        if figures == self.seen && is_at_work {
            self.open += now.saturating_duration_since(self.seen_at);
        } else {
            self.open = Duration::ZERO;
        }
        self.seen = figures;
        self.seen_at = now;
        self.busy = self.busy.max(figures.busy + self.open);
        self.busy
    }
}

fn share(mode: Mode, then: &Look, now: &Look) -> f64 {
    let elapsed = now.at.saturating_duration_since(then.at).as_secs_f64();
    if elapsed == 0.0 {
        return 0.0;
    }
    let shares = now.busy.iter().zip(&then.busy).map(|(now, then)| {
        let busy = now.saturating_sub(*then).as_secs_f64();
        (busy / elapsed).min(1.0)
    });
    match mode {
        Mode::PerCore => shares.fold(0.0, f64::max),
        Mode::Shared => shares.sum::<f64>() / now.busy.len().max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Figures, Look, Mode, Stopwatch, share};

    const SECOND: Duration = Duration::from_secs(1);

    fn figures(seconds: u64, rests: u64) -> Figures {
        Figures {
            busy: Duration::from_secs(seconds),
            rests,
        }
    }

    #[test]
    fn a_stretch_that_is_not_over_counts_and_counts_once() {
        let start = Instant::now();
        let mut stopwatch = Stopwatch::new(figures(2, 4), start);
        assert_eq!(stopwatch.advance(figures(2, 4), start + SECOND), 3 * SECOND);
        assert_eq!(
            stopwatch.advance(figures(2, 4), start + 2 * SECOND),
            4 * SECOND
        );
        // The runtime counts it: the stretch began before it was noticed.
        assert_eq!(
            stopwatch.advance(figures(5, 5), start + 3 * SECOND),
            5 * SECOND
        );
        assert_eq!(
            stopwatch.advance(figures(5, 5), start + 9 * SECOND),
            5 * SECOND
        );
    }

    #[test]
    fn a_stretch_that_was_taken_for_longer_does_not_go_back() {
        let start = Instant::now();
        let mut stopwatch = Stopwatch::new(figures(2, 4), start);
        assert_eq!(stopwatch.advance(figures(2, 4), start + SECOND), 3 * SECOND);
        assert_eq!(
            stopwatch.advance(figures(2, 5), start + 2 * SECOND),
            3 * SECOND
        );
    }

    #[test]
    fn the_busiest_counts_where_calls_cannot_move_and_all_where_they_can() {
        let start = Instant::now();
        let look = |at, busy: [u64; 2]| Look {
            at,
            busy: busy.map(Duration::from_secs).to_vec(),
        };
        let (then, now) = (look(start, [1, 1]), look(start + 10 * SECOND, [1, 6]));
        assert_eq!(share(Mode::PerCore, &then, &now), 0.5);
        assert_eq!(share(Mode::Shared, &then, &now), 0.25);
        assert_eq!(share(Mode::PerCore, &then, &then), 0.0);
    }
}
