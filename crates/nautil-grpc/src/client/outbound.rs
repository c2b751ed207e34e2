//! A caller's stream of messages, on its way out.
//!
//! An error in it must fail the call: an HTTP/2 stream that merely ends says "that was all", and a server would act on
//! half of the messages. tonic takes no errors here, so [`Outbound`] stops for ever at the first one and leaves it in a
//! [`Fault`]; [`GuardedBody`], below tonic, finds it there once all messages before it are sent, resets the stream with
//! `INTERNAL_ERROR`, and tells the caller. (`CANCEL` will not do: hyper's server shows it to a handler as a clean end.)

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Frame;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::body::Body;

use crate::BoxStream;

/// The error at which a caller's stream stopped.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault(Arc<OnceLock<Status>>);

/// A caller's messages up to the first error, then nothing, not even an end.
pub(super) struct Outbound<T> {
    messages: BoxStream<T>,
    fault: Fault,
}

/// A request body that fails at the error of its [`Outbound`].
pub(super) struct GuardedBody {
    body: Body,
    fault: Fault,
    caller: Option<oneshot::Sender<Status>>,
}

impl<T> Outbound<T> {
    pub(super) fn new(messages: BoxStream<T>, fault: Fault) -> Self {
        Self { messages, fault }
    }
}

impl<T> Stream for Outbound<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.fault.0.get().is_some() {
            return Poll::Pending;
        }
        match self.messages.as_mut().poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Ok(message))) => Poll::Ready(Some(message)),
            Poll::Ready(Some(Err(status))) => {
                self.fault.0.get_or_init(|| status);
                Poll::Pending
            }
        }
    }
}

impl GuardedBody {
    /// `caller` is told the error.
    pub(super) fn new(body: Body, fault: Fault, caller: oneshot::Sender<Status>) -> Self {
        Self {
            body,
            fault,
            caller: Some(caller),
        }
    }

    fn fail(&mut self, status: &Status) -> Status {
        if let Some(caller) = self.caller.take() {
            // A caller that went away needs no telling.
            let _ = caller.send(status.clone());
        }
        status.clone()
    }
}

impl http_body::Body for GuardedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending()
            && let Some(status) = self.fault.clone().0.get()
        {
            return Poll::Ready(Some(Err(self.fail(status))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
