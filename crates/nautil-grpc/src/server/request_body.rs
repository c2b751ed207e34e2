//! The body of a request, which ends where the client said so, and nowhere else.
//!
//! Between them, hyper and tonic end the body of a call that the client cancelled as if it were complete, so that a handler would
//! take half an upload for a whole one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::{Code, Status};

/// What the reader of a request is told where the client broke off. Not CANCELLED: tonic's reader of streams takes that for
/// the end.
pub(super) const BROKEN_OFF: Code = Code::Aborted;

/// An incoming body that fails with [`BROKEN_OFF`] where the client did.
#[derive(Debug)]
pub(super) struct RequestBody {
    incoming: Incoming,
    /// Whether the client has said everything.
    complete: bool,
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming) -> Self {
        Self {
            incoming,
            complete: false,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                self.complete |= frame.is_trailers();
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(match Status::from_error(Box::new(error)) {
                status if status.code() == Code::Cancelled => broken_off(),
                status => status,
            })),
            None if self.complete || self.incoming.is_end_stream() => None,
            None => {
                self.complete = true;
                Some(Err(broken_off()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

fn broken_off() -> Status {
    Status::new(BROKEN_OFF, "the client broke off the request")
}
