//! One call under way: its deadline, its outgoing stream, and what becomes of its error.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use tonic::{Status, Streaming};

use super::deadline::{Deadline, Scope};
use super::failure::{self, Site};
use super::wire::Notes;

/// One call under way. Dropping it cancels what is left of it.
pub(super) struct Call {
    site: Arc<Site>,
    notes: Arc<Notes>,
    deadline: Deadline,
    timer: Option<Pin<Box<Sleep>>>,
    outgoing: Option<oneshot::Receiver<Status>>,
}

/// The messages of a response.
pub(super) struct Inbound<T> {
    messages: Option<Streaming<T>>,
    call: Call,
}

impl Call {
    pub(super) fn new(site: Arc<Site>, notes: Arc<Notes>, deadline: Deadline) -> Self {
        Self {
            site,
            notes,
            deadline,
            timer: Some(Box::pin(tokio::time::sleep(deadline.limit))),
            outgoing: None,
        }
    }

    /// Watches a request's stream: `outgoing` brings the error at which it stopped.
    pub(super) fn with_outgoing(mut self, outgoing: oneshot::Receiver<Status>) -> Self {
        self.outgoing = Some(outgoing);
        self
    }

    /// Awaits `answer`, unless the outgoing stream or the deadline ends the call before.
    pub(super) async fn answer<T>(
        &mut self,
        answer: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let mut answer = pin!(answer);
        let result = poll_fn(|context| {
            self.poll(context, |context| {
                answer.as_mut().poll(context).map(|answer| match answer {
                    Ok(answer) => Ok(Some(answer)),
                    Err(status) => Err(status),
                })
            })
        });
        match result.await {
            Some(result) => result,
            None => Err(Status::internal("a call ended without an answer")),
        }
    }

    /// The messages that follow the response headers.
    pub(super) fn messages<T>(mut self, messages: Streaming<T>) -> Inbound<T> {
        if self.deadline.scope == Scope::Headers {
            self.timer = None;
        }
        Inbound {
            messages: Some(messages),
            call: self,
        }
    }

    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        next: impl FnOnce(&mut Context<'_>) -> Poll<Result<Option<T>, Status>>,
    ) -> Poll<Option<Result<T, Status>>> {
        if let Some(outgoing) = &mut self.outgoing
            && let Poll::Ready(stopped) = Pin::new(outgoing).poll(context)
        {
            self.outgoing = None;
            if let Ok(status) = stopped {
                return Poll::Ready(Some(Err(failure::outgoing(&self.site, &status))));
            }
        }
        if let Poll::Ready(result) = next(context) {
            return Poll::Ready(result.map_err(|status| self.fail(status)).transpose());
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(context).map(|()| {
                let limit = self.deadline.limit;
                Some(Err(failure::deadline_exceeded(&self.site, limit)))
            }),
            None => Poll::Pending,
        }
    }

    fn fail(&mut self, status: Status) -> Status {
        // The stream's own error may have come after the look at it, and is why the call failed.
        if let Some(outgoing) = &mut self.outgoing
            && let Ok(status) = outgoing.try_recv()
        {
            return failure::outgoing(&self.site, &status);
        }
        failure::classify(&self.site, &self.notes, status)
    }
}

impl<T> Stream for Inbound<T> {
    type Item = Result<T, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Status>>> {
        let Self { messages, call } = &mut *self;
        let Some(streaming) = messages else {
            return Poll::Ready(None);
        };
        let next = call.poll(context, |context| {
            Pin::new(streaming)
                .poll_next(context)
                .map(Option::transpose)
        });
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            // The stream is over for both sides: dropping resets what is still open.
            *messages = None;
        }
        next
    }
}
