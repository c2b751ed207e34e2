//! The body of a response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame};
use tonic::Status;

use super::outgoing::Sending;
use super::wire::Notes;

/// A response's body, which notes the status in its trailers. Dropping it cancels what is left of the call.
pub(super) struct Incoming {
    stream: RecvStream,
    is_data_over: bool,
    notes: Arc<Notes>,
    _sending: Option<Sending>,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream, notes: Arc<Notes>, sending: Option<Sending>) -> Self {
        Self {
            stream,
            is_data_over: false,
            notes,
            _sending: sending,
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let broken = |error: h2::Error| Some(Err(Status::from_error(error.into())));
        if !self.is_data_over {
            match ready!(self.stream.poll_data(context)) {
                Some(Ok(data)) => {
                    // The peer may send as much again. A stream that is over needs no such word.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(broken(error)),
                None => self.is_data_over = true,
            }
        }
        Poll::Ready(match ready!(self.stream.poll_trailers(context)) {
            Ok(Some(trailers)) => {
                self.notes.read(&trailers);
                Some(Ok(Frame::trailers(trailers)))
            }
            Ok(None) => None,
            Err(error) => broken(error),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}
