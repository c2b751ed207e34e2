//! How long to wait after an accept that failed.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that double from 5 ms to 1 s while an episode of errors lasts.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The pause after one more error.
    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.last.map_or(FIRST, |last| LONGEST.min(last * 2));
        self.last = Some(pause);
        pause
    }

    /// Whether errors go on.
    pub(super) fn is_waiting(&self) -> bool {
        self.last.is_some()
    }

    /// Ends the episode.
    pub(super) fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn pauses_double_up_to_a_second_and_start_again_after_a_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..10).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert!(backoff.is_waiting());

        backoff.reset();
        assert!(!backoff.is_waiting());
        assert_eq!(backoff.pause(), Duration::from_millis(5));
    }
}
