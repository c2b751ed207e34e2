//! Requests: of one message, of a stream.
//!
//! tonic's own reader answers a message too large with OUT_OF_RANGE, two messages with OK, and echoes field names of a message
//! that it cannot decode; the gRPC specification and safety ask for something else.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use http::HeaderMap;
use http_body::Body as _;
use prost::Message;
use tonic::body::Body;
use tonic::codec::Streaming;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_prost::ProstDecoder;
use tracing::debug;

use super::request_body::BROKEN_OFF;
use crate::BoxStream;

/// The bytes before a message: whether it is compressed, and its length in four bytes, big end first.
pub(super) const PREFIX: usize = 5;

/// What the peer is told of a message that cannot be decoded. The details are for the log: they name fields.
const MALFORMED: &str = "the request has a malformed message";

/// Reads the one message of a request.
///
/// # Errors
/// RESOURCE_EXHAUSTED for a message of more than `limit` bytes, UNIMPLEMENTED for none, for two, and for compression,
/// INTERNAL for what is no message.
pub(super) async fn one<A>(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<A, Status>
where
    A: Message + Default,
{
    let mut received = Received::default();
    loop {
        let is_whole = received.is_whole(headers, limit)?;
        // The common case: all in the first frame. No further poll, no copy.
        if is_whole && body.is_end_stream() {
            break;
        }
        match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => received.push(data, limit),
                // Trailers of a request mean nothing, but that it is over.
                Err(_) if is_whole => break,
                Err(_) => return Err(received.cut_short()),
            },
            Some(Err(status)) => return Err(status),
            None if is_whole => break,
            None => return Err(received.cut_short()),
        }
    }
    drop(body);
    let mut message = received.into_bytes();
    message.advance(PREFIX);
    A::decode(message).map_err(|error| malformed(&error))
}

/// The messages of a request, as they come.
///
/// # Errors
/// UNIMPLEMENTED for compression. The stream has the errors of [`one`].
pub(super) fn many<A>(headers: &HeaderMap, body: Body, limit: usize) -> Result<BoxStream<A>, Status>
where
    A: Message + Default + 'static,
{
    if let Some(encoding) = compression(headers) {
        return Err(unsupported(encoding));
    }
    let messages = Streaming::new_request(ProstDecoder::<A>::default(), body, None, Some(limit));
    Ok(Box::pin(messages.map(move |message| {
        message.map_err(|status| match status.code() {
            Code::OutOfRange => Status::resource_exhausted(format!(
                "the request has a message of more than {limit} bytes"
            )),
            Code::Internal => malformed(&status),
            BROKEN_OFF => Status::cancelled(status.message()),
            _ => status,
        })
    })))
}

/// The bytes of a request of one message so far: a frame as it came, or several put together.
#[derive(Debug, Default)]
struct Received {
    first: Bytes,
    all: BytesMut,
}

impl Received {
    fn bytes(&self) -> &[u8] {
        if self.all.is_empty() {
            &self.first
        } else {
            &self.all
        }
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }

    fn push(&mut self, data: Bytes, limit: usize) {
        if self.bytes().is_empty() {
            self.first = data;
            return;
        }
        if self.all.is_empty() {
            let expected = self.message_size().map_or(0, |size| PREFIX + size);
            self.all.reserve(
                expected
                    .min(PREFIX + limit)
                    .max(self.first.len() + data.len()),
            );
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&data);
    }

    /// The size of the message, without its prefix, once that is there.
    fn message_size(&self) -> Option<usize> {
        let length = self.bytes().get(1..PREFIX)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(length)).ok()
    }

    fn is_whole(&self, headers: &HeaderMap, limit: usize) -> Result<bool, Status> {
        let Some(size) = self.message_size() else {
            return Ok(false);
        };
        let bytes = self.bytes();
        if bytes[0] != 0 {
            return Err(
                compression(headers).map_or_else(|| Status::internal(MALFORMED), unsupported)
            );
        }
        if size > limit {
            return Err(Status::resource_exhausted(format!(
                "the request has a message of {size} bytes; the limit is {limit}"
            )));
        }
        if bytes.len() > PREFIX + size {
            return Err(Status::unimplemented(
                "the request has more than one message; this method takes one",
            ));
        }
        Ok(bytes.len() == PREFIX + size)
    }

    fn cut_short(&self) -> Status {
        if self.bytes().is_empty() {
            Status::unimplemented("the request has no message; this method takes one")
        } else {
            Status::internal("the request ends within a message")
        }
    }
}

fn malformed(cause: &dyn std::error::Error) -> Status {
    debug!(%cause, "{MALFORMED}");
    Status::internal(MALFORMED)
}

fn compression(headers: &HeaderMap) -> Option<&str> {
    let encoding = headers.get("grpc-encoding")?.to_str().ok()?;
    (encoding != "identity").then_some(encoding)
}

fn unsupported(encoding: &str) -> Status {
    let mut status =
        Status::unimplemented(format!("the compression `{encoding}` is not supported"));
    // What is supported must be said (gRPC, "Compression").
    status.metadata_mut().insert(
        "grpc-accept-encoding",
        MetadataValue::from_static("identity"),
    );
    status
}
