//! A call while it is served: it is counted, it is laid out for whatever the handler calls, and it ends at its deadline.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderMap;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::metadata_name::MetadataName;
use super::meter::InFlight;
use super::served::Served;
use crate::Method;
use crate::call::{Current, Peer, Scope, sent_request_id};
use crate::interceptor::Ends;

/// A call while it is served. It is over when this is dropped.
#[derive(Debug)]
pub(super) struct Active {
    method: &'static Method,
    scope: Scope,
    in_flight: InFlight,
    /// Only where there is a deadline: a timer costs more than everything else here.
    timer: Option<Pin<Box<Sleep>>>,
    /// What interceptors want to do at the end.
    ends: Option<Ends>,
    /// What they made of the trailers.
    trailers: Option<Box<HeaderMap>>,
}

/// The status of a call whose time is over.
pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline is over")
}

impl Active {
    pub(super) fn begin(
        served: &Served,
        peer: Arc<Peer>,
        headers: &HeaderMap,
        deadline: Option<Instant>,
    ) -> Self {
        let mut current = Current::new(served.method, peer, deadline, sent_request_id(headers));
        if !served.propagate.is_empty() {
            let names = served.propagate.iter().map(MetadataName::header);
            current.keep(names, headers);
        }
        Self {
            method: served.method,
            scope: Scope::call(current),
            in_flight: InFlight::begin(served.id),
            timer: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            ends: None,
            trailers: None,
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

    /// The same for the end of the response, with what interceptors made of it.
    pub(super) fn take_trailers(&mut self) -> Option<HeaderMap> {
        if let Some(trailers) = self.trailers.take() {
            return Some(*trailers);
        }
        let context = self.scope.context()?;
        Some(context.trailers(mem::take).into_headers())
    }

    /// Remembers what interceptors want to do at the end.
    pub(super) fn set_ends(&mut self, ends: Ends) {
        self.ends = (!ends.is_empty()).then_some(ends);
    }

    /// The call has succeeded, unless an interceptor says otherwise.
    ///
    /// # Errors
    /// What the interceptor says.
    pub(super) fn succeed(&mut self) -> Result<(), Status> {
        let ended = self.tell_end(Ok(()));
        let code = ended.as_ref().map_or_else(Status::code, |()| Code::Ok);
        self.in_flight.ends_with(code);
        ended
    }

    /// The call has failed. The status is what interceptors make of it.
    pub(super) fn fail(&mut self, status: Status) -> Status {
        let ended = self.tell_end(Err(status));
        let status = ended.expect_err("a call that failed does not succeed");
        self.in_flight.ends_with(status.code());
        status
    }

    fn tell_end(&mut self, ended: Result<(), Status>) -> Result<(), Status> {
        let Some(ends) = self.ends.take() else {
            return ended;
        };
        let trailers = MetadataMap::from_headers(self.take_trailers().unwrap_or_default());
        let (ended, trailers) = self.scope.enter(|| ends.run(ended, trailers));
        self.trailers = Some(Box::new(trailers.into_headers()));
        ended
    }
}
