//! A stream of messages on its way out.

use std::task::{Context, Poll};

use bytes::Bytes;
use prost::Message;
use tonic::Status;

use super::{Batch, Compressor, Half};
use crate::BoxStream;

/// Encodes a stream. Messages that are ready together leave together.
pub(crate) struct Encoder<M> {
    messages: BoxStream<M>,
    batch: Batch,
    /// How the stream ended, where that was seen before the messages in front of it were taken.
    end: Option<Result<(), Status>>,
}

/// What comes next of an [`Encoder`].
#[derive(Debug)]
pub(crate) enum Chunk {
    /// Some messages.
    Data(Bytes),
    /// Every message was sent.
    End,
    /// The stream stopped at this error; all messages before it were sent.
    Failed(Status),
}

impl<M: Message> Encoder<M> {
    /// `limit` is for one message, in bytes.
    pub(crate) fn new(
        messages: BoxStream<M>,
        half: Half,
        limit: usize,
        compressor: Option<Compressor>,
    ) -> Self {
        Self {
            messages,
            batch: Batch::new(half, limit, compressor),
            end: None,
        }
    }

    /// What comes next. Not to be called after the end.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Chunk> {
        while self.end.is_none() && !self.batch.is_full() {
            match self.messages.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    if let Err(error) = self.batch.push(&message) {
                        self.end = Some(Err(Status::resource_exhausted(error.to_string())));
                    }
                }
                Poll::Ready(Some(Err(status))) => self.end = Some(Err(status)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending => {
                    return match self.batch.take() {
                        Some(data) => Poll::Ready(Chunk::Data(data)),
                        None => Poll::Pending,
                    };
                }
            }
        }
        if let Some(data) = self.batch.take() {
            return Poll::Ready(Chunk::Data(data));
        }
        Poll::Ready(match self.end.take() {
            Some(Err(status)) => Chunk::Failed(status),
            Some(Ok(())) | None => Chunk::End,
        })
    }

    /// The messages that were encoded before the stream panicked.
    pub(crate) fn rescue(&mut self) -> Option<Bytes> {
        self.batch.take()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::task::{Context, Poll, Waker};

    use futures_util::{StreamExt, stream};
    use tonic::{Code, Status};

    use super::{Chunk, Encoder};
    use crate::codec::Half;

    fn next(encoder: &mut Encoder<String>) -> Poll<Chunk> {
        encoder.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    fn data(encoder: &mut Encoder<String>) -> usize {
        match next(encoder) {
            Poll::Ready(Chunk::Data(data)) => data.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_ready_together_leaves_together_and_the_end_comes_after_it() {
        let messages = stream::iter(["a", "b", "c"].map(|text| Ok(text.to_owned())));
        let mut encoder = Encoder::new(messages.boxed(), Half::Response, 100, None);
        assert_eq!(data(&mut encoder), 3 * 8);
        assert!(matches!(next(&mut encoder), Poll::Ready(Chunk::End)));
    }

    #[test]
    fn messages_that_are_there_do_not_wait_for_one_that_is_not() {
        let messages = stream::iter([Ok("a".to_owned())]).chain(stream::pending());
        let mut encoder = Encoder::new(messages.boxed(), Half::Response, 100, None);
        assert_eq!(data(&mut encoder), 8);
        assert!(next(&mut encoder).is_pending());
    }

    #[test]
    fn messages_before_an_error_are_sent_before_it() {
        let failed = Err(Status::not_found("gone"));
        let messages = stream::iter([Ok("a".to_owned()), failed, Ok("b".to_owned())]);
        let mut encoder = Encoder::new(messages.boxed(), Half::Response, 100, None);
        assert_eq!(data(&mut encoder), 8);
        let Poll::Ready(Chunk::Failed(status)) = next(&mut encoder) else {
            panic!("the error is lost");
        };
        assert_eq!(status.code(), Code::NotFound);
    }

    #[test]
    fn a_message_above_the_limit_ends_the_stream() {
        let messages = stream::iter(["a", "bb"].map(|text| Ok(text.to_owned())));
        let mut encoder = Encoder::new(messages.boxed(), Half::Request, 3, None);
        assert_eq!(data(&mut encoder), 8);
        let Poll::Ready(Chunk::Failed(status)) = next(&mut encoder) else {
            panic!("the message was sent");
        };
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(
            status.message(),
            "the request has a message of 4 bytes; the limit is 3"
        );
    }

    #[test]
    fn messages_before_a_panic_are_not_lost() {
        let messages = stream::iter(["a", "b", "c"].map(|text| Ok(text.to_owned())));
        let messages = messages.map(|message| match message {
            Ok(text) if text == "c" => panic!("the book is lost"),
            message => message,
        });
        let mut encoder = Encoder::new(messages.boxed(), Half::Response, 100, None);
        catch_unwind(AssertUnwindSafe(|| next(&mut encoder))).unwrap_err();
        assert_eq!(encoder.rescue().unwrap().len(), 2 * 8);
        assert_eq!(encoder.rescue(), None);
    }
}
