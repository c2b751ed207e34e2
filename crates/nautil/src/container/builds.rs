//! Who builds what at the moment, and who waits for whom: a singleton is built once, and no thread waits for itself.
//!
//! A lock is held only while a build begins or ends, never while one runs. So threads build side by side, and a thread
//! waits for another one only where both want the same singleton.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::error::{Frame, ResolveError, ResolveFault};

/// What a build makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// The singleton of an interface.
    One(TypeId),
    /// A member of the list of an interface, by its place.
    Member(TypeId, usize),
    /// A component that is not bound. It is no singleton, so another thread's is another target.
    Made(TypeId, ThreadId),
}

/// How a build went. The value itself is in the binding.
pub(super) type BuildOutcome = Result<(), ResolveError>;

/// The builds of one container.
pub(super) struct Builds {
    state: Mutex<State>,
    /// Notified when a build ends.
    ended: Condvar,
    timeout: Duration,
}

/// While it lives, what has failed is not built again: the failure is told once more.
#[derive(Debug)]
#[must_use = "failures are remembered while it lives"]
pub(crate) struct Remembering<'builds> {
    state: &'builds Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What each thread builds, outermost first: each step is built because the one before it needs it.
    chains: HashMap<ThreadId, Vec<Step>>,
    attempts: HashMap<Target, Attempt>,
    /// What each thread that waits is waiting for.
    waits: HashMap<ThreadId, Target>,
    /// How many [`Remembering`] live.
    remembering: usize,
    failed: HashMap<Target, ResolveError>,
}

#[derive(Debug)]
struct Step {
    target: Target,
    implementation: String,
}

/// A build that has begun, with a place for what the threads that wait for it will be told.
#[derive(Debug)]
struct Attempt {
    builder: ThreadId,
    outcome: Arc<OnceLock<BuildOutcome>>,
}

impl Builds {
    /// How long a thread waits for a singleton that another one is building, unless the bindings say otherwise.
    ///
    /// It has to be longer than the slowest factory that is not stuck. Only a thread in a ring that the container cannot see
    /// waits for so long.
    pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

    pub(super) fn new(timeout: Duration) -> Self {
        Builds {
            state: Mutex::default(),
            ended: Condvar::new(),
            timeout,
        }
    }

    /// Builds `target`, unless `built` says that it is there; or waits for the thread that is building it.
    pub(super) fn once(
        &self,
        target: Target,
        frame: &Frame,
        built: impl FnOnce() -> bool,
        build: impl FnOnce() -> BuildOutcome,
    ) -> BuildOutcome {
        if let Some(outcome) = self.begin(target, frame, built) {
            return outcome;
        }
        // It does not unwind, whatever a component does: `Binding::build` sees to that. Otherwise the threads that wait would never
        // be told.
        let outcome = build();
        self.end(target, &outcome);
        outcome
    }

    /// From now on, until what is returned is dropped, a failure is remembered.
    pub(super) fn remember_failures(&self) -> Remembering<'_> {
        self.state.lock().remembering += 1;
        Remembering { state: &self.state }
    }

    /// Notes that this thread builds `target`; or returns the outcome, where the thread has nothing to build.
    fn begin(
        &self,
        target: Target,
        frame: &Frame,
        built: impl FnOnce() -> bool,
    ) -> Option<BuildOutcome> {
        let thread = thread::current().id();
        let mut state = self.state.lock();
        if let Some(error) = state.failed.get(&target) {
            return Some(Err(error.clone()));
        }
        let Some(attempt) = state.attempts.get(&target) else {
            // The caller saw no singleton before it took the lock. Another thread may have built it from start to end since.
            if built() {
                return Some(Ok(()));
            }
            state.start(thread, target, frame);
            return None;
        };
        let outcome = Arc::clone(&attempt.outcome);
        if let Some(ring) = state.ring(thread, target) {
            return Some(Err(ResolveFault::Circular { ring }.into()));
        }
        // Noted under the same lock under which the ring was looked for. So of two threads that begin to wait for each other,
        // the second one sees that the first one waits.
        state.waits.insert(thread, target);
        // The attempt's own place is asked, not the map: by the time this thread wakes, the target may be built once more.
        let unfinished = |_: &mut State| outcome.get().is_none();
        self.ended
            .wait_while_for(&mut state, unfinished, self.timeout);
        state.waits.remove(&thread);
        let outcome = outcome.get().cloned();
        Some(outcome.unwrap_or_else(|| {
            Err(ResolveFault::Unfinished {
                binding: frame.clone(),
                timeout: self.timeout,
            }
            .into())
        }))
    }

    /// Ends what [`begin`](Self::begin) noted, and wakes the threads that wait for it.
    fn end(&self, target: Target, outcome: &BuildOutcome) {
        self.state
            .lock()
            .finish(thread::current().id(), target, outcome);
        self.ended.notify_all();
    }
}

impl State {
    fn start(&mut self, builder: ThreadId, target: Target, frame: &Frame) {
        self.chains.entry(builder).or_default().push(Step {
            target,
            implementation: frame.implementation.clone(),
        });
        let outcome = Arc::default();
        self.attempts.insert(target, Attempt { builder, outcome });
    }

    fn finish(&mut self, builder: ThreadId, target: Target, outcome: &BuildOutcome) {
        if let Some(chain) = self.chains.get_mut(&builder) {
            chain.pop();
            if chain.is_empty() {
                self.chains.remove(&builder);
            }
        }
        // The threads that wait have clones of its outcome. Out of the map, the next caller begins an attempt of its own.
        if let Some(attempt) = self.attempts.remove(&target) {
            attempt.outcome.get_or_init(|| outcome.clone());
        }
        if self.remembering > 0
            && let Err(error) = outcome
        {
            self.failed.insert(target, error.clone());
        }
    }

    /// The ring that closes if `thread` waits for `target`: the implementations, from the first back to the first.
    ///
    /// It follows the way from `target` to the thread that builds it, on to what that thread waits for, and so on. The
    /// way ends at a thread that waits for nothing, which will finish, or comes back to `thread`.
    fn ring(&self, thread: ThreadId, target: Target) -> Option<Vec<String>> {
        let mut others = Vec::new();
        let mut wanted = target;
        loop {
            let builder = self.attempts.get(&wanted)?.builder;
            let chain = self.chains.get(&builder)?;
            let start = chain.iter().position(|step| step.target == wanted)?;
            let needed = chain[start..]
                .iter()
                .map(|step| step.implementation.clone());
            if builder == thread {
                let first = chain[start].implementation.clone();
                return Some(needed.chain(others).chain([first]).collect());
            }
            others.extend(needed);
            wanted = *self.waits.get(&builder)?;
        }
    }
}

impl Drop for Remembering<'_> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        state.remembering -= 1;
        if state.remembering == 0 {
            state.failed.clear();
        }
    }
}
