//! The connections of one channel: which addresses there are, and which of them gets the next call.
//!
//! Nothing runs here by itself: a call takes the next connection that is ready, and on its way sees to it that addresses
//! without one are dialled, and that the name is looked up again in time. Only where none is ready does it wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::FutureExt;
use futures_util::stream::FuturesUnordered;
use h2::client::SendRequest;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::dial::{DialError, Dialer, Place};
use super::resolve::Resolve;
use super::slot::{Connection, Link, Pending, Slot, Unconnected, random};

/// How long what a name resolved to holds, while calls are made.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(30);

/// How long it holds at least: a connection that broke is a reason to look again, one in a thousand is not.
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

/// How long the lookup is waited for by a call that finds no connection ready, but addresses that were known before.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(1);

/// How long one address is waited for before the next is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// The connections of one channel.
pub(super) struct Pool {
    dialer: Dialer,
    /// What is looked up; nothing where the address is known.
    name: Option<Name>,
    state: Mutex<State>,
}

/// A name, and who knows its addresses.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) resolver: Arc<dyn Resolve>,
}

struct State {
    slots: Vec<Slot>,
    /// The slot whose turn it is, beyond the number of slots.
    next: usize,
    /// What is waited for where no connection is ready.
    opening: Option<Pending>,
    looked_up: Option<Instant>,
    /// Whether something happened since that may have changed the addresses.
    is_stale: bool,
    serials: u64,
}

impl Pool {
    /// A pool whose addresses are those of `name`.
    pub(super) fn of_name(dialer: Dialer, name: Name) -> Self {
        Self::new(dialer, Some(name), Vec::new())
    }

    /// A pool with one address.
    pub(super) fn of_place(dialer: Dialer, place: Place) -> Self {
        Self::new(dialer, None, vec![Slot::new(place)])
    }

    fn new(dialer: Dialer, name: Option<Name>, slots: Vec<Slot>) -> Self {
        Self {
            dialer,
            name,
            state: Mutex::new(State {
                slots,
                // Any, so that many processes with a call each do not all go to the first address.
                next: usize::try_from(random() >> 33).unwrap_or(0),
                opening: None,
                looked_up: None,
                is_stale: false,
                serials: 0,
            }),
        }
    }

    /// The connection whose turn it is. Needs a tokio runtime.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<Connection, Unconnected> {
        loop {
            if let Some(connection) = self.ready() {
                return Ok(connection);
            }
            let opening = self.opening();
            if let Ok(opened) = opening.clone().await {
                let opened = opened?;
                return Ok(self.ready().unwrap_or(opened));
            }
            // The runtime that was to open it is gone; this one, if it lives, opens it then.
            self.forget(&opening);
            tokio::task::yield_now().await;
        }
    }

    /// Takes out a connection that takes no more calls.
    pub(super) fn broken(&self, connection: &Connection) {
        let mut state = self.state.lock();
        let slot = state.slots.iter_mut().find(
            |slot| matches!(&slot.link, Link::Ready(ready) if ready.serial == connection.serial),
        );
        if let Some(slot) = slot {
            slot.link = Link::Idle;
            state.is_stale = true;
        }
    }

    fn ready(self: &Arc<Self>) -> Option<Connection> {
        let now = Instant::now();
        let by = now + self.dialer.connect_timeout;
        let mut state = self.state.lock();
        let (connection, passed) = state.next_ready()?;
        let dials: Vec<Dialing> = passed
            .filter_map(|at| {
                let slot = &mut state.slots[at];
                let is_due = matches!(slot.link, Link::Idle) && !slot.is_paused(now);
                is_due.then(|| self.begin(slot).0)
            })
            .collect();
        let is_lookup_due = self.is_lookup_due(&state, now);
        if is_lookup_due {
            state.looked_up = Some(now);
        }
        drop(state);

        for dialing in dials {
            tokio::spawn(dialing.run(by));
        }
        if is_lookup_due {
            let pool = Arc::clone(self);
            tokio::spawn(async move {
                // What is known still serves.
                if let Err(error) = pool.look_up(by).await {
                    tracing::debug!(%error, "a host could not be looked up again");
                }
            });
        }
        Some(connection)
    }

    fn opening(self: &Arc<Self>) -> Pending {
        let mut state = self.state.lock();
        if let Some(opening) = &state.opening {
            return opening.clone();
        }
        let (opened, opening) = oneshot::channel();
        let opening = opening.shared();
        state.opening = Some(opening.clone());
        drop(state);
        let pool = Arc::clone(self);
        // A task of its own: the call that began it may be given up while others wait.
        tokio::spawn(async move {
            let result = pool.open().await;
            pool.state.lock().opening = None;
            // Everyone who waited may be gone.
            let _ = opened.send(result);
        });
        opening
    }

    fn forget(&self, opening: &Pending) {
        let mut state = self.state.lock();
        if state.opening.as_ref().is_some_and(|it| it.ptr_eq(opening)) {
            state.opening = None;
        }
    }

    /// The first connection that can be had.
    async fn open(self: &Arc<Self>) -> Result<Connection, Unconnected> {
        let now = Instant::now();
        let by = now + self.dialer.connect_timeout;
        let (is_known, is_lookup_due) = {
            let state = self.state.lock();
            (!state.slots.is_empty(), self.is_lookup_due(&state, now))
        };
        if is_known && !is_lookup_due {
            let raced = self.race(by).await;
            if raced.is_ok() || self.name.is_none() {
                return raced;
            }
        }
        // A server of names that is down is not to keep a call from addresses that are known.
        let answer_by = if is_known {
            by.min(now + LOOKUP_PATIENCE)
        } else {
            by
        };
        if let Err(error) = self.look_up(answer_by).await
            && !is_known
        {
            return Err(error.into());
        }
        self.race(by).await
    }

    /// The first connection that can be had to the addresses that are known, one after the other with a head start.
    async fn race(self: &Arc<Self>, by: Instant) -> Result<Connection, Unconnected> {
        let mut places = self.places().into_iter();
        let mut dials = FuturesUnordered::new();
        let mut failure = None;
        loop {
            if let Some(place) = places.next() {
                dials.extend(self.dial(&place, by));
            }
            let has_more = places.len() > 0 && Instant::now() < by;
            tokio::select! {
                biased;
                Some(dialed) = dials.next() => match dialed {
                    Ok(Ok(connection)) => return Ok(connection),
                    Ok(Err(error)) => failure = Some(error),
                    // Dialled by a runtime that is gone.
                    Err(_) => {}
                },
                () = tokio::time::sleep(HEAD_START), if has_more => {}
                else => break,
            }
        }
        Err(failure.unwrap_or_else(|| DialError::HungUp(None).into()))
    }

    /// All places, from the one whose turn it is, those in a pause last.
    fn places(&self) -> Vec<Place> {
        let state = self.state.lock();
        let now = Instant::now();
        let first = state.next.checked_rem(state.slots.len()).unwrap_or(0);
        let (before, from) = state.slots.split_at(first);
        let mut slots: Vec<&Slot> = from.iter().chain(before).collect();
        slots.sort_by_key(|slot| slot.is_paused(now));
        slots.into_iter().map(|slot| slot.place.clone()).collect()
    }

    /// A connection to a place; nothing where it is no address of the host any more.
    fn dial(self: &Arc<Self>, place: &Place, by: Instant) -> Option<Pending> {
        let mut state = self.state.lock();
        let slot = state.slots.iter_mut().find(|slot| slot.place == *place)?;
        slot.is_over();
        match &slot.link {
            Link::Idle => {}
            Link::Dialing(pending) => return Some(pending.clone()),
            Link::Ready(connection) => {
                let (dialed, pending) = oneshot::channel();
                // The receiver is in the line above.
                let _ = dialed.send(Ok(connection.clone()));
                return Some(pending.shared());
            }
        }
        let (dialing, pending) = self.begin(slot);
        drop(state);
        tokio::spawn(dialing.run(by));
        Some(pending)
    }

    /// What is to be run, once the state is unlocked: a runtime that stops drops what it is given at once.
    fn begin(self: &Arc<Self>, slot: &mut Slot) -> (Dialing, Pending) {
        let (dialed, pending) = oneshot::channel();
        let pending = pending.shared();
        slot.link = Link::Dialing(pending.clone());
        let dialing = Dialing {
            pool: Arc::clone(self),
            place: slot.place.clone(),
            result: None,
            dialed: Some(dialed),
        };
        (dialing, pending)
    }

    fn is_lookup_due(&self, state: &State, now: Instant) -> bool {
        let interval = if state.is_stale {
            LOOKUP_PAUSE
        } else {
            LOOKUP_INTERVAL
        };
        self.name.is_some() && state.looked_up.is_none_or(|at| now >= at + interval)
    }

    async fn look_up(&self, by: Instant) -> Result<(), DialError> {
        let Some(Name {
            name,
            port,
            resolver,
        }) = &self.name
        else {
            return Ok(());
        };
        {
            let mut state = self.state.lock();
            state.looked_up = Some(Instant::now());
            state.is_stale = false;
        }
        let unresolved = |source| DialError::Unresolved {
            name: name.clone(),
            source,
        };
        let found = match timeout_at(by, resolver.resolve(name, *port)).await {
            Ok(found) => found.map_err(unresolved)?,
            Err(_) => return Err(DialError::TimedOut(self.dialer.connect_timeout)),
        };
        if found.is_empty() {
            return Err(unresolved(std::io::Error::new(
                std::io::ErrorKind::NotFound,
                "it has no address",
            )));
        }
        let places: Vec<Place> = found.into_iter().map(Place::Tcp).collect();
        self.state.lock().become_those(&places);
        Ok(())
    }

    /// Puts the end of a dialling into its slot, if the host still has it.
    fn settle(
        &self,
        place: &Place,
        result: Option<Result<SendRequest<Bytes>, DialError>>,
    ) -> Option<Result<Connection, Unconnected>> {
        let mut state = self.state.lock();
        state.serials += 1;
        let serial = state.serials;
        let slot = state
            .slots
            .iter_mut()
            .find(|slot| slot.place == *place && !matches!(slot.link, Link::Ready(_)));
        match result {
            None => {
                if let Some(slot) = slot {
                    slot.link = Link::Idle;
                }
                None
            }
            Some(Ok(sender)) => {
                let connection = Connection { sender, serial };
                if let Some(slot) = slot {
                    slot.connected(connection.clone());
                }
                Some(Ok(connection))
            }
            Some(Err(error)) => {
                tracing::debug!(?place, %error, "an address cannot be reached");
                if let Some(slot) = slot {
                    slot.failed(Instant::now());
                }
                state.is_stale = true;
                Some(Err(error.into()))
            }
        }
    }
}

impl State {
    /// The next connection that takes calls, and the slots that were passed over on the way to it.
    fn next_ready(&mut self) -> Option<(Connection, impl Iterator<Item = usize> + use<>)> {
        let count = self.slots.len();
        let first = self.next.checked_rem(count)?;
        for step in 0..count {
            let slot = &mut self.slots[(first + step) % count];
            self.is_stale |= slot.is_over();
            if let Link::Ready(connection) = &slot.link {
                let connection = connection.clone();
                self.next = (first + step + 1) % count;
                return Some((
                    connection,
                    (0..step).map(move |step| (first + step) % count),
                ));
            }
        }
        None
    }

    /// Keeps the slots of addresses that are still there, and adds the new ones. Calls in flight to the others finish:
    /// a connection lives as long as its calls do.
    fn become_those(&mut self, places: &[Place]) {
        self.slots.retain(|slot| places.contains(&slot.place));
        for place in places {
            if !self.slots.iter().any(|slot| slot.place == *place) {
                self.slots.push(Slot::new(place.clone()));
            }
        }
    }
}

/// A dialling under way. One that is dropped, because its runtime is, leaves its slot as if it had not begun.
struct Dialing {
    pool: Arc<Pool>,
    place: Place,
    result: Option<Result<SendRequest<Bytes>, DialError>>,
    dialed: Option<oneshot::Sender<Result<Connection, Unconnected>>>,
}

impl Dialing {
    async fn run(mut self, by: Instant) {
        self.result = Some(self.pool.dialer.dial(&self.place, by).await);
    }
}

impl Drop for Dialing {
    fn drop(&mut self) {
        let settled = self.pool.settle(&self.place, self.result.take());
        if let (Some(result), Some(dialed)) = (settled, self.dialed.take()) {
            // Nobody may wait for it.
            let _ = dialed.send(result);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pool")
            .field("dialer", &self.dialer)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
