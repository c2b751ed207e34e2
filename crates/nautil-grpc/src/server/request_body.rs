//! The body of a request, which ends where the client said so, and nowhere else.
//!
//! hyper ends the body of a call that the client cancelled as if it were complete, so that a handler would take half an upload
//! for a whole one.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

/// An incoming body that fails with CANCELLED where the client broke it off.
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
            Some(Err(error)) => {
                self.complete = true;
                Some(Err(broken_off(&error)))
            }
            None if self.complete || self.incoming.is_end_stream() => None,
            None => {
                self.complete = true;
                Some(Err(Status::cancelled(BROKEN_OFF)))
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

const BROKEN_OFF: &str = "the client broke off the request";

/// Whatever ends a request before its end, the call is cancelled by it. Where the client gave a reason, it is told on.
fn broken_off(error: &hyper::Error) -> Status {
    let reason = error
        .source()
        .and_then(|source| source.downcast_ref::<h2::Error>())
        .and_then(h2::Error::reason);
    match reason {
        None | Some(h2::Reason::CANCEL | h2::Reason::NO_ERROR) => Status::cancelled(BROKEN_OFF),
        Some(reason) => Status::cancelled(format!("{BROKEN_OFF}: {}", reason.description())),
    }
}
