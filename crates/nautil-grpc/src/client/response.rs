//! The response of a server: its head, its messages, and the status at its end.

use std::marker::PhantomData;
use std::task::{Context, Poll, ready};

use h2::RecvStream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use prost::Message;
use tonic::{Code, Status};

use super::outgoing::Sending;
use super::status;
use crate::Encoding;
use crate::codec::{DecodeFault, Decoder, Half, TooLarge, is_proto, stated_encoding};

/// A response that has begun. Dropping it cancels what is left of the call.
pub(super) struct Response<M> {
    stream: RecvStream,
    decoder: Decoder,
    limit: usize,
    is_data_over: bool,
    /// Whether the head said all.
    is_over: bool,
    /// The caller's stream, while it is still being sent.
    _sending: Option<Sending>,
    message: PhantomData<fn() -> M>,
}

/// What comes next of a response.
pub(super) enum Received<M> {
    Message(M),
    /// The server said OK, with these trailers.
    End(HeaderMap),
}

/// Why a response is not one that a caller can use.
#[derive(Debug)]
pub(super) enum ResponseError {
    /// The server stated a status of its own.
    Answered(Status),
    /// The answer is not gRPC.
    NotGrpc(NotGrpc),
    /// A message is larger than it may be.
    TooLarge(TooLarge),
    /// The answer is gRPC, but cannot be read.
    Unreadable(String),
    /// It has another number of messages than the method: the server has another contract.
    Count(&'static str),
    /// The stream or the connection broke.
    Broken(h2::Error),
}

/// An HTTP response that is not a gRPC one.
#[derive(Debug, thiserror::Error)]
#[error("it answered HTTP {} with {content_type}", status.as_u16())]
pub(super) struct NotGrpc {
    pub(super) status: StatusCode,
    content_type: String,
}

impl<M: Message + Default> Response<M> {
    /// Reads the head.
    ///
    /// # Errors
    /// It is none of gRPC, or has the status already.
    pub(super) fn begin(
        response: http::Response<RecvStream>,
        sending: Option<Sending>,
        limit: usize,
    ) -> Result<(HeaderMap, Self), ResponseError> {
        if let Some(not_grpc) = not_grpc(&response) {
            return Err(ResponseError::NotGrpc(not_grpc));
        }
        let (parts, stream) = response.into_parts();
        // A status in the head is the status only where there is nothing behind the head. One that says OK so is that of a
        // response without messages.
        let mut is_over = false;
        if stream.is_end_stream()
            && let Some(status) = status::of(&parts.headers)
        {
            if status.code() != Code::Ok {
                return Err(ResponseError::Answered(status));
            }
            is_over = true;
        }
        let encoding = encoding(&parts.headers)?;
        let response = Self {
            stream,
            decoder: Decoder::new(limit, encoding),
            limit,
            is_data_over: false,
            is_over,
            _sending: sending,
            message: PhantomData,
        };
        Ok((parts.headers, response))
    }

    /// What comes next. Not to be called after the end.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Received<M>, ResponseError>> {
        if self.is_over {
            return Poll::Ready(Ok(Received::End(HeaderMap::new())));
        }
        while !self.is_data_over {
            match self.decoder.next() {
                Ok(Some(message)) => return Poll::Ready(Ok(Received::Message(message))),
                Ok(None) => {}
                Err(fault) => return Poll::Ready(Err(unreadable(fault, self.limit))),
            }
            match ready!(self.stream.poll_data(context)) {
                Some(Ok(data)) => {
                    // The peer may send as much again. A stream that is over needs no such word.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    self.decoder.push(data);
                }
                Some(Err(error)) => return Poll::Ready(Err(ResponseError::Broken(error))),
                None => self.is_data_over = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(context)).map_err(ResponseError::Broken)?;
        Poll::Ready(self.end(trailers))
    }

    fn end(&self, trailers: Option<HeaderMap>) -> Result<Received<M>, ResponseError> {
        let Some(trailers) = trailers else {
            return Err(ResponseError::Unreadable(
                "it ended without a status".to_owned(),
            ));
        };
        match status::of(&trailers) {
            Some(status) if status.code() != Code::Ok => Err(ResponseError::Answered(status)),
            Some(_) if !self.decoder.is_empty() => Err(ResponseError::Unreadable(
                "it ended within a message".to_owned(),
            )),
            Some(_) => Ok(Received::End(status::without(trailers))),
            None => Err(ResponseError::Unreadable(
                "it ended without a status".to_owned(),
            )),
        }
    }
}

fn unreadable(fault: DecodeFault, limit: usize) -> ResponseError {
    match fault {
        DecodeFault::TooLarge { size } => ResponseError::TooLarge(TooLarge {
            half: Half::Response,
            size,
            limit,
        }),
        DecodeFault::Compressed => {
            let text = "a message is compressed, and no `grpc-encoding` says how";
            ResponseError::Unreadable(text.to_owned())
        }
        DecodeFault::Undecodable(encoding, error) => {
            ResponseError::Unreadable(format!("a message is no {}: {error}", encoding.name()))
        }
        DecodeFault::Flag(flag) => {
            ResponseError::Unreadable(format!("a message begins with {flag}"))
        }
        DecodeFault::Malformed(error) => ResponseError::Unreadable(error.to_string()),
    }
}

/// What the messages of a response are compressed by.
fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, ResponseError> {
    stated_encoding(headers).map_err(|stated| {
        let text = format!("it is compressed by `{stated}`, which was not asked for");
        ResponseError::Unreadable(text)
    })
}

fn not_grpc<B>(response: &http::Response<B>) -> Option<NotGrpc> {
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE);
    let is_grpc = content_type.is_some_and(|value| is_proto(value.as_bytes()));
    if headers.contains_key(Status::GRPC_STATUS) || (is_grpc && response.status().is_success()) {
        return None;
    }
    Some(NotGrpc {
        status: response.status(),
        content_type: match content_type {
            Some(value) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            None => "no content type".to_owned(),
        },
    })
}
