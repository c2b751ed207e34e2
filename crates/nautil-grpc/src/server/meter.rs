//! How many calls each method has had, and how they ended: counted where they run, put together when somebody asks.
//!
//! Every worker counts in memory of its own, so that a call meets no lock, and no cache line that another worker writes.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tonic::Code;

/// The codes of gRPC, from OK to UNAUTHENTICATED.
pub(super) const CODES: usize = 17;

thread_local! {
    /// The meter of this thread; none where nobody will ask.
    static OWN: OnceCell<Arc<Meter>> = const { OnceCell::new() };
}

/// A method that is served, by its place in the list of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MethodId(u16);

/// The calls that began and ended on one worker. With `shared` workers a call may end elsewhere than it began.
#[derive(Debug)]
pub(super) struct Meter {
    methods: Box<[Method]>,
}

/// Two cache lines and a bit: processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Method {
    begun: AtomicU64,
    ended: [AtomicU64; CODES],
}

/// What all meters together have of one method.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallCounts {
    pub(super) begun: u64,
    /// By the number of the code.
    pub(super) ended: [u64; CODES],
}

/// A call that has begun. It ends when this is dropped: as [`InFlight::ends_with`] said, or cancelled.
#[derive(Debug)]
pub(super) struct InFlight {
    method: MethodId,
    code: Code,
}

impl MethodId {
    /// A method that nobody counts.
    pub(super) const UNKNOWN: Self = Self(u16::MAX);

    pub(super) fn new(index: usize) -> Self {
        u16::try_from(index).map_or(Self::UNKNOWN, Self)
    }
}

impl Meter {
    /// Of this many methods.
    pub(super) fn new(methods: usize) -> Arc<Self> {
        let methods = (0..methods).map(|_| Method::default());
        Arc::new(Self {
            methods: methods.collect(),
        })
    }

    /// Makes this thread count here, for ever.
    pub(super) fn attach(self: Arc<Self>) {
        OWN.with(|own| {
            // A thread belongs to one worker.
            let _ = own.set(self);
        });
    }

    fn with(id: MethodId, count: impl FnOnce(&Method)) {
        if id == MethodId::UNKNOWN {
            return;
        }
        // A thread that is at its very end counts no more.
        let _ = OWN.try_with(|own| {
            let method = own.get().and_then(|own| own.methods.get(usize::from(id.0)));
            if let Some(method) = method {
                count(method);
            }
        });
    }
}

impl CallCounts {
    /// What these meters have of a method.
    pub(super) fn of(method: usize, meters: &[Arc<Meter>]) -> Self {
        let counts = || meters.iter().filter_map(|meter| meter.methods.get(method));
        let mut calls = Self::default();
        // What has ended first, on all of them: no call is to be seen to end that was not seen to begin.
        for count in counts() {
            for (sum, ended) in calls.ended.iter_mut().zip(&count.ended) {
                *sum += ended.load(Ordering::Acquire);
            }
        }
        for count in counts() {
            calls.begun += count.begun.load(Ordering::Acquire);
        }
        calls
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.begun.saturating_sub(self.ended.iter().sum())
    }
}

impl InFlight {
    pub(super) fn begin(method: MethodId) -> Self {
        Meter::with(method, |method| {
            method.begun.fetch_add(1, Ordering::Release);
        });
        Self {
            method,
            code: Code::Cancelled,
        }
    }

    pub(super) fn ends_with(&mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let code = self.code as usize;
        Meter::with(self.method, |method| {
            if let Some(ended) = method.ended.get(code) {
                ended.fetch_add(1, Ordering::Release);
            }
        });
    }
}
