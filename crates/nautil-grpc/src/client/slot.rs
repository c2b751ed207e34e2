//! One address of a host: its connection, and the pause after it could not be had.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Shared;
use h2::client::SendRequest;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::dial::{DialError, Place};

/// The pause after an address failed once; each further failure makes it longer by [`GROWTH`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const GROWTH: f64 = 1.6;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Clients that lost one server at one moment come back at different ones: a pause is up to this share longer or shorter.
const JITTER: f64 = 0.2;

/// An open connection.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Bytes>,
    /// Tells it from others to the same address.
    pub(super) serial: u64,
}

/// Why there is no connection: for everyone who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not connected")]
pub(super) struct Unconnected(#[source] Arc<DialError>);

/// A connection that somebody opens, for all who wait for it. It is cancelled with the runtime of who opens it.
pub(super) type Pending = Shared<oneshot::Receiver<Result<Connection, Unconnected>>>;

pub(super) enum Link {
    Idle,
    Dialing(Pending),
    Ready(Connection),
}

/// One address.
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) link: Link,
    failures: u32,
    paused_until: Option<Instant>,
}

impl Slot {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            link: Link::Idle,
            failures: 0,
            paused_until: None,
        }
    }

    /// Whether its last connection is over; it is taken out then.
    pub(super) fn is_over(&mut self) -> bool {
        let is_over = match &mut self.link {
            Link::Ready(connection) => connection.is_over(),
            Link::Idle | Link::Dialing(_) => false,
        };
        if is_over {
            self.link = Link::Idle;
        }
        is_over
    }

    pub(super) fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    pub(super) fn connected(&mut self, connection: Connection) {
        self.link = Link::Ready(connection);
        self.failures = 0;
        self.paused_until = None;
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.link = Link::Idle;
        self.paused_until = Some(now + pause(self.failures));
        self.failures = self.failures.saturating_add(1);
    }
}

impl Connection {
    /// Whether it takes no more calls: it broke, its server goes away, or it has no streams left.
    pub(super) fn is_over(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }
}

impl Unconnected {
    pub(super) fn error(&self) -> &DialError {
        &self.0
    }
}

impl From<DialError> for Unconnected {
    fn from(error: DialError) -> Self {
        Self(Arc::new(error))
    }
}

/// Any number: the standard library seeds its hashers from the system's randomness.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// The pause after a failure that comes after this many others.
fn pause(failures: u32) -> Duration {
    let longest = LONGEST_PAUSE.as_secs_f64();
    // Beyond this exponent every pause is the longest.
    let exponent = i32::try_from(failures.min(32)).unwrap_or(32);
    let seconds = (FIRST_PAUSE.as_secs_f64() * GROWTH.powi(exponent)).min(longest);
    let share = f64::from(u32::try_from(random() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
    Duration::from_secs_f64(seconds * (1.0 - JITTER + 2.0 * JITTER * share))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::dial::Place;
    use super::{FIRST_PAUSE, JITTER, LONGEST_PAUSE, Slot, pause};

    #[test]
    fn pauses_grow_up_to_the_longest() {
        for (failures, around) in [
            (0, FIRST_PAUSE),
            (1, FIRST_PAUSE.mul_f64(1.6)),
            (2, FIRST_PAUSE.mul_f64(2.56)),
            (8, LONGEST_PAUSE),
            (u32::MAX, LONGEST_PAUSE),
        ] {
            for _ in 0..100 {
                let pause = pause(failures);
                assert!(pause >= around.mul_f64(1.0 - JITTER - 0.001), "{pause:?}");
                assert!(pause <= around.mul_f64(1.0 + JITTER + 0.001), "{pause:?}");
            }
        }
    }

    #[test]
    fn pauses_differ_so_that_clients_come_back_one_by_one() {
        let pauses: Vec<_> = (0..200).map(|_| pause(0)).collect();
        assert!(pauses.iter().any(|pause| *pause < FIRST_PAUSE.mul_f64(0.9)));
        assert!(pauses.iter().any(|pause| *pause > FIRST_PAUSE.mul_f64(1.1)));
    }

    #[test]
    fn an_address_that_failed_is_paused_until_its_pause_is_over() {
        let now = Instant::now();
        let mut slot = Slot::new(Place::Opened);
        assert!(!slot.is_paused(now));
        slot.failed(now);
        let over = now + FIRST_PAUSE.mul_f64(1.0 + JITTER + 0.001);
        assert!(slot.is_paused(now));
        assert!(slot.is_paused(now + FIRST_PAUSE.mul_f64(1.0 - JITTER - 0.001)));
        assert!(!slot.is_paused(over));
        assert!(!slot.is_paused(slot.paused_until.expect("it failed")));
        for _ in 0..20 {
            slot.failed(now);
        }
        // By now it is the longest.
        assert!(slot.is_paused(over));
    }
}
