//! The call that this thread serves at the moment.
//!
//! A handler's future carries its call, and lays it out here whenever it is polled. So whatever the handler calls finds it, a
//! generated client in particular, without an argument through every function, and without an allocation: the context is made
//! when somebody asks for it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::context::Context;
use super::peer::Peer;
use crate::Method;

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// What a call has with it while it is served. It is moved at each poll, so it is small.
#[derive(Debug)]
pub(crate) struct Current {
    pub(super) method: &'static Method,
    pub(super) peer: Arc<Peer>,
    pub(super) deadline: Option<Instant>,
    pub(super) request_id: Option<HeaderValue>,
    /// What outgoing calls take over beside it, where the config says so.
    pub(super) kept: Option<Arc<HeaderMap>>,
    /// Made when somebody asks.
    pub(super) context: Option<Context>,
}

/// A call that is laid out while something of it runs.
///
/// While it is laid out, this holds what was there before.
#[derive(Debug)]
pub(crate) struct Scope {
    current: Option<Current>,
    /// Whether the call is over when this is dropped. A task that a handler started has a copy of the call.
    is_call: bool,
}

/// What outgoing calls take over from the call that is being served.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) metadata: Option<Arc<HeaderMap>>,
}

/// What the call that is being served hands on; nothing outside of a call.
pub(crate) fn inherited() -> Option<Inherited> {
    with(|current| {
        let current = current.as_ref()?;
        Some(Inherited {
            deadline: current.deadline,
            metadata: current.kept.clone(),
            request_id: match &current.context {
                Some(context) => context.known_request_id(),
                None => current.request_id.clone(),
            },
        })
    })
}

/// The context of the call that is being served, made now if nobody asked before; nothing outside of a call.
pub(super) fn context() -> Option<Context> {
    with(|current| {
        let current = current.as_mut()?;
        if current.context.is_none() {
            current.context = Some(Context::new(
                current.method,
                Arc::clone(&current.peer),
                current.deadline,
                current.request_id.clone(),
                current.kept.clone(),
            ));
        }
        current.context.clone()
    })
}

/// Runs a future as if no call were being served: outgoing calls in it inherit neither deadline nor request id. A task that
/// `tokio::spawn` starts is so by itself; this is for what a handler awaits.
///
/// ```
/// # async fn refresh() -> u32 { 1 }
/// # async fn handler() -> u32 {
/// nautil_grpc::detached(refresh()).await
/// # }
/// ```
pub async fn detached<F: Future>(future: F) -> F::Output {
    Scope {
        current: None,
        is_call: false,
    }
    .run(future)
    .await
}

fn with<R: Default>(work: impl FnOnce(&mut Option<Current>) -> R) -> R {
    // A thread at its very end serves nobody.
    CURRENT
        .try_with(|current| work(&mut current.borrow_mut()))
        .unwrap_or_default()
}

impl Current {
    pub(crate) fn new(
        method: &'static Method,
        peer: Arc<Peer>,
        deadline: Option<Instant>,
        request_id: Option<HeaderValue>,
    ) -> Self {
        Self {
            method,
            peer,
            deadline,
            request_id,
            kept: None,
            context: None,
        }
    }

    /// Keeps the headers of these names for outgoing calls.
    pub(crate) fn keep<'a>(
        &mut self,
        names: impl Iterator<Item = &'a HeaderName>,
        headers: &HeaderMap,
    ) {
        let mut kept = HeaderMap::new();
        for name in names {
            for value in headers.get_all(name) {
                kept.append(name, value.clone());
            }
        }
        self.kept = (!kept.is_empty()).then(|| Arc::new(kept));
    }
}

impl Current {
    /// The call as a task of it has it.
    pub(super) fn of(context: &Context) -> Self {
        Self {
            method: context.method(),
            peer: Arc::clone(context.shared_peer()),
            deadline: context.deadline(),
            request_id: None,
            kept: context.kept().cloned(),
            context: Some(context.clone()),
        }
    }
}

impl Scope {
    /// The call itself: it is over when this is dropped.
    pub(crate) fn call(current: Current) -> Self {
        Self {
            current: Some(current),
            is_call: true,
        }
    }

    /// The call as a task that it started has it.
    pub(super) fn task(current: Current) -> Self {
        Self {
            current: Some(current),
            is_call: false,
        }
    }

    /// The context, if anybody asked for it.
    pub(crate) fn context(&self) -> Option<&Context> {
        self.current.as_ref()?.context.as_ref()
    }

    /// Does something within the call.
    pub(crate) fn enter<R>(&mut self, work: impl FnOnce() -> R) -> R {
        /// Takes the call back, also from work that panics.
        struct LaidOut<'scope>(&'scope mut Option<Current>);

        impl LaidOut<'_> {
            fn swap(&mut self) {
                with(|current| mem::swap(current, self.0));
            }
        }

        impl Drop for LaidOut<'_> {
            fn drop(&mut self) {
                self.swap();
            }
        }

        let mut laid_out = LaidOut(&mut self.current);
        laid_out.swap();
        work()
    }

    /// Runs a future within the call.
    pub(crate) async fn run<F: Future>(mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| self.enter(|| future.as_mut().poll(context))).await
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if self.is_call
            && let Some(context) = self.context()
        {
            context.end();
        }
    }
}
