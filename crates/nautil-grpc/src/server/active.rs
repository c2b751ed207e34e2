//! A call while it is served: it is counted, it is laid out for whatever the handler calls, and it ends at its deadline.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderMap;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};

use super::meter::{InFlight, MethodId};
use crate::Method;
use crate::call::{Current, Peer, Scope, sent_request_id};

/// A call while it is served. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Active {
    method: &'static Method,
    scope: Scope,
    in_flight: InFlight,
    /// Only where there is a deadline: a timer costs more than everything else here.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The status of a call whose time is over.
pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline is over")
}

impl Active {
    pub(super) fn begin(
        method: &'static Method,
        id: MethodId,
        peer: Arc<Peer>,
        headers: &HeaderMap,
        deadline: Option<Instant>,
    ) -> Self {
        let current = Current::new(method, peer, deadline, sent_request_id(headers));
        Self {
            method,
            scope: Scope::call(current),
            in_flight: InFlight::begin(id),
            timer: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
        }
    }

    pub(super) fn method(&self) -> &'static Method {
        self.method
    }

    /// Runs what the handler does before it answers. At the deadline it is left, and the status says so.
    pub(super) async fn run<T>(
        &mut self,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let mut work = pin!(work);
        poll_fn(|context| self.poll(context, |context| work.as_mut().poll(context))).await?
    }

    /// Does a part of the call, unless its time is over.
    ///
    /// The deadline comes first: a handler that always has something to do does not outlive it.
    pub(super) fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, Status>> {
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(deadline_exceeded()));
        }
        self.scope.enter(|| work(context)).map(Ok)
    }

    /// What whoever has the context wants to have in the head of the response; nothing where nobody has it.
    pub(super) fn take_headers(&self) -> Option<HeaderMap> {
        let context = self.scope.context()?;
        Some(context.headers(mem::take).into_headers())
    }

    /// The same for the end of the response.
    pub(super) fn take_trailers(&self) -> Option<HeaderMap> {
        let context = self.scope.context()?;
        Some(context.trailers(mem::take).into_headers())
    }

    pub(super) fn ends_with(&mut self, code: Code) {
        self.in_flight.ends_with(code);
    }
}
