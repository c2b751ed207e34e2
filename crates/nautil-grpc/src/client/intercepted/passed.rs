//! What came of a call, as its caller has it: the response, and then its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Stream, StreamExt, stream};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Response, Status};

use crate::client::response_metadata::ResponseMetadata;
use crate::interceptor::{Answer, Ends, Hooks};
use crate::{BoxStream, EncodedMessage};

/// A response as it was received: as the caller wants it, or in bytes.
pub(super) enum Form<T, E> {
    Typed(T),
    Encoded(E),
}

/// The one message of a response.
pub(super) type One<B> = Form<B, EncodedMessage>;

/// The messages of a response.
pub(super) type Many<B> = Form<BoxStream<B>, BoxStream<EncodedMessage>>;

/// A call up to the head of its response.
pub(super) struct Passed<T> {
    pub(super) answer: Result<Answer<T>, Status>,
    pub(super) hooks: Hooks,
    pub(super) received: ResponseMetadata,
    pub(super) is_apart: bool,
}

impl<B: Message + Default> Passed<One<B>> {
    pub(super) fn one(mut self) -> Result<Response<B>, Status> {
        let responses = &mut self.hooks.responses;
        let mut read = |message| decode(responses.show(message)?);
        let answer = self.answer.and_then(|answer| match answer {
            Answer::Work(response) => {
                let (metadata, message, extensions) = response.into_parts();
                let message = match message {
                    Form::Typed(message) => message,
                    Form::Encoded(message) => read(message)?,
                };
                Ok(Response::from_parts(metadata, message, extensions))
            }
            Answer::Interceptor(response) => {
                let (metadata, mut messages, extensions) = response.into_parts();
                let message = read(messages.pop().unwrap_or_default())?;
                Ok(Response::from_parts(metadata, message, extensions))
            }
        });
        let (response, ended) = match answer {
            Ok(response) => (Some(response), Ok(())),
            Err(status) => (None, Err(status)),
        };
        let ended = end(self.hooks.ends, ended, &self.received);
        let mut response =
            ended.map(|()| response.expect("a call that failed does not succeed"))?;
        if !self.is_apart
            && let Some(trailers) = self.received.take_trailers()
            && !trailers.is_empty()
        {
            let mut headers = std::mem::take(response.metadata_mut()).into_headers();
            headers.extend(trailers);
            *response.metadata_mut() = MetadataMap::from_headers(headers);
        }
        Ok(response)
    }
}

impl<B: Message + Default + Send + 'static> Passed<Many<B>> {
    pub(super) fn many(self) -> Result<Response<BoxStream<B>>, Status> {
        let Hooks {
            mut responses,
            ends,
            ..
        } = self.hooks;
        let read = |messages: BoxStream<EncodedMessage>| {
            messages
                .map(move |message| decode(responses.show(message?)?))
                .boxed()
        };
        let response = match self.answer {
            Ok(Answer::Work(response)) => response.map(|messages| match messages {
                Form::Typed(messages) => messages,
                Form::Encoded(messages) => read(messages),
            }),
            Ok(Answer::Interceptor(response)) => {
                response.map(|messages| read(stream::iter(messages).map(Ok).boxed()))
            }
            Err(status) => {
                let ended = end(ends, Err(status), &self.received);
                return Err(ended.expect_err("a call that failed does not succeed"));
            }
        };
        if ends.is_empty() {
            return Ok(response);
        }
        Ok(response.map(|messages| {
            let messages: BoxStream<B> = Box::pin(UntilEnd {
                rest: Some((messages, ends)),
                received: self.received,
            });
            messages
        }))
    }
}

/// The messages of a response whose end interceptors want to hear of.
struct UntilEnd<B> {
    /// Nothing, once the stream is over.
    rest: Option<(BoxStream<B>, Ends)>,
    received: ResponseMetadata,
}

impl<B> Stream for UntilEnd<B> {
    type Item = Result<B, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<B, Status>>> {
        let Some((messages, _)) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let ended = match ready!(messages.as_mut().poll_next(context)) {
            Some(Ok(message)) => return Poll::Ready(Some(Ok(message))),
            Some(Err(status)) => Err(status),
            None => Ok(()),
        };
        let Some((messages, ends)) = self.rest.take() else {
            return Poll::Ready(None);
        };
        // Dropping it resets what is still open.
        drop(messages);
        Poll::Ready(end(ends, ended, &self.received).err().map(Err))
    }
}

/// Tells interceptors of the end, and returns what they made of it.
fn end(ends: Ends, ended: Result<(), Status>, received: &ResponseMetadata) -> Result<(), Status> {
    if ends.is_empty() {
        return ended;
    }
    let trailers = received.take_trailers().unwrap_or_default();
    let (ended, changed) = ends.run(ended, MetadataMap::from_headers(trailers));
    received.set_trailers(changed.into_headers());
    ended
}

/// The message of a response.
///
/// # Errors
/// INTERNAL for bytes that are none.
fn decode<B: Message + Default>(message: EncodedMessage) -> Result<B, Status> {
    B::decode(message.into_bytes())
        .map_err(|error| Status::internal(format!("the response has a malformed message: {error}")))
}
