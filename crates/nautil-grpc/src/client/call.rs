//! One call under way: its deadline, its outgoing stream, and what becomes of its error.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use http::{HeaderMap, HeaderValue};
use prost::Message;
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};
use tonic::Status;

use super::failure::{self, Callee};
use super::response::{Received, Response, ResponseError};
use super::response_metadata::ResponseMetadata;
use super::send::{ResponseHead, SendError};
use super::terms::Terms;
use crate::BoxStream;

/// After how many messages that were there at once it is time for a look at the clock.
const LOOK: u8 = 32;

/// How much earlier than here a server may see the end of a call's time.
const AHEAD: Duration = Duration::from_millis(10);

/// One call under way. Dropping it cancels what is left of it.
pub(super) struct ClientCall {
    callee: Arc<Callee>,
    /// How long it may take; nothing where nobody says.
    limit: Option<Duration>,
    request_id: Option<HeaderValue>,
    /// Metadata of the call that is being served.
    metadata: Option<Arc<HeaderMap>>,
    /// Who wants to have the metadata of the response apart.
    received: Option<ResponseMetadata>,
    trailers_alone: bool,
    timer: Option<Pin<Box<Sleep>>>,
    /// Brings the error at which the caller's own stream stopped.
    outgoing: Option<oneshot::Receiver<Status>>,
    /// Whether there were response headers.
    responded: bool,
    /// How often what comes next was asked for.
    polls: u8,
}

/// The messages of a response, as a caller reads them.
struct Messages<M> {
    /// Nothing, once the stream is over for both sides.
    response: Option<Response<M>>,
    call: ClientCall,
}

/// Why a call failed, before it is put in words.
pub(super) enum CallError {
    /// There is no response.
    Send(SendError),
    /// There is one that cannot be used.
    Response(ResponseError),
    /// It was not sent.
    Local(Status),
}

impl ClientCall {
    pub(super) fn new(callee: Arc<Callee>, terms: Terms) -> Self {
        let Terms {
            limit,
            request_id,
            metadata,
            received,
            trailers_alone,
        } = terms;
        Self {
            callee,
            limit,
            request_id,
            metadata,
            received,
            trailers_alone,
            timer: limit.map(|limit| Box::pin(tokio::time::sleep(limit))),
            outgoing: None,
            responded: false,
            polls: 0,
        }
    }

    /// How long it may take; nothing where nobody says.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// The id that the request has from the call which is being served.
    pub(super) fn take_request_id(&mut self) -> Option<HeaderValue> {
        self.request_id.take()
    }

    /// The metadata that the request has from the call which is being served.
    pub(super) fn take_metadata(&mut self) -> Option<Arc<HeaderMap>> {
        self.metadata.take()
    }

    /// Watches a request's stream: `outgoing` brings the error at which it stopped.
    pub(super) fn watch(&mut self, outgoing: oneshot::Receiver<Status>) {
        self.outgoing = Some(outgoing);
    }

    /// Awaits the head of the response, unless the outgoing stream or the deadline ends the call before.
    pub(super) async fn head<M: Message + Default>(
        &mut self,
        limit: usize,
        answer: impl Future<Output = Result<ResponseHead, CallError>>,
    ) -> Result<(HeaderMap, Response<M>), Status> {
        let mut answer = pin!(answer);
        let answered = poll_fn(|context| {
            if let Poll::Ready(status) = self.poll_end(context) {
                return Poll::Ready(Err(status));
            }
            answer
                .as_mut()
                .poll(context)
                .map_err(|error| self.failed(error))
        });
        let (response, sending) = answered.await?;
        self.responded = true;
        let begun = Response::begin(response, sending, limit)
            .map_err(|fault| self.failed(CallError::Response(fault)))?;
        if let Some(wanted) = &self.received
            && !self.trailers_alone
        {
            wanted.set_headers(begun.0.clone());
        }
        Ok(begun)
    }

    /// The one message of a response, with what its trailers say besides, unless somebody wants to have those apart.
    pub(super) async fn message<M: Message + Default>(
        &mut self,
        mut response: Response<M>,
    ) -> Result<(M, HeaderMap), Status> {
        let mut message = None;
        loop {
            match poll_fn(|context| self.poll(&mut response, context)).await? {
                Received::Message(next) => {
                    if message.replace(next).is_some() {
                        return Err(self.miscounted("there is more than one message"));
                    }
                }
                Received::End(trailers) => {
                    let message = message.ok_or_else(|| self.miscounted("there is no message"))?;
                    let Some(wanted) = &self.received else {
                        return Ok((message, trailers));
                    };
                    wanted.set_trailers(trailers);
                    return Ok((message, HeaderMap::new()));
                }
            }
        }
    }

    /// The messages that follow the head.
    pub(super) fn messages<M: Message + Default + 'static>(
        self,
        response: Response<M>,
    ) -> BoxStream<M> {
        Box::pin(Messages {
            response: Some(response),
            call: self,
        })
    }

    fn poll<M: Message + Default>(
        &mut self,
        response: &mut Response<M>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Received<M>, Status>> {
        // A message that is there does not wait for a look at the clock; but a server that always has one does not outlive the
        // deadline.
        self.polls = self.polls.wrapping_add(1);
        if self.polls.is_multiple_of(LOOK)
            && let Poll::Ready(status) = self.poll_end(context)
        {
            return Poll::Ready(Err(status));
        }
        match response.poll_next(context) {
            Poll::Ready(next) => {
                Poll::Ready(next.map_err(|fault| self.failed(CallError::Response(fault))))
            }
            Poll::Pending => self.poll_end(context).map(Err),
        }
    }

    /// Whether something ends the call that is not the server.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        if let Some(outgoing) = &mut self.outgoing
            && let Poll::Ready(stopped) = Pin::new(outgoing).poll(context)
        {
            self.outgoing = None;
            if let Ok(status) = stopped {
                return Poll::Ready(failure::outgoing(&self.callee, &status));
            }
        }
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        ready!(timer.as_mut().poll(context));
        Poll::Ready(self.deadline_exceeded())
    }

    /// Whether the server reset the call because its time was over: its clock may be a little ahead of this one.
    fn was_stopped(&self, error: &h2::Error) -> bool {
        let deadline = self.timer.as_ref().map(|timer| timer.deadline());
        error.is_remote()
            && error.reason() == Some(h2::Reason::CANCEL)
            && deadline.is_some_and(|deadline| deadline <= Instant::now() + AHEAD)
    }

    fn deadline_exceeded(&self) -> Status {
        failure::deadline_exceeded(&self.callee, self.limit.unwrap_or_default())
    }

    fn miscounted(&mut self, what: &'static str) -> Status {
        self.failed(CallError::Response(ResponseError::Count(what)))
    }

    fn failed(&mut self, error: CallError) -> Status {
        if let (Some(wanted), CallError::Response(ResponseError::Answered(status))) =
            (&self.received, &error)
        {
            wanted.set_trailers(status.metadata().clone().into_headers());
        }
        // The stream's own error may have come after the look at it, and is why the call failed.
        if let Some(outgoing) = &mut self.outgoing
            && let Ok(status) = outgoing.try_recv()
        {
            return failure::outgoing(&self.callee, &status);
        }
        match error {
            CallError::Local(status) => status,
            CallError::Response(ResponseError::Broken(error)) if self.was_stopped(&error) => {
                self.deadline_exceeded()
            }
            CallError::Send(SendError::Broken(error)) if self.was_stopped(&error) => {
                self.deadline_exceeded()
            }
            CallError::Send(error) => failure::unsent(&self.callee, error),
            CallError::Response(fault) => failure::response(&self.callee, self.responded, fault),
        }
    }
}

impl<M: Message + Default> Stream for Messages<M> {
    type Item = Result<M, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<M, Status>>> {
        let Self { response, call } = &mut *self;
        let Some(reading) = response else {
            return Poll::Ready(None);
        };
        let next = match ready!(call.poll(reading, context)) {
            Ok(Received::Message(message)) => return Poll::Ready(Some(Ok(message))),
            Ok(Received::End(trailers)) => {
                if let Some(wanted) = &call.received {
                    wanted.set_trailers(trailers);
                }
                None
            }
            Err(status) => Some(Err(status)),
        };
        // Dropping it resets what is still open.
        *response = None;
        Poll::Ready(next)
    }
}
