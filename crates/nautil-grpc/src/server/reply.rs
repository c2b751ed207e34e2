//! Responses: of one message, of a stream, of a status alone.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use prost::Message;
use tonic::body::Body;
use tonic::codec::{EncodeBody, SingleMessageCompressionOverride};
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};
use tonic_prost::ProstEncoder;

use super::message::PREFIX;
use super::meter::InFlight;
use crate::BoxStream;

/// The response of a call, to be awaited.
pub type Reply = Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// What an app cannot say in metadata, because the protocol says it.
const RESERVED: [HeaderName; 5] = [
    CONTENT_TYPE,
    http::header::TE,
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-message-type"),
    GRPC_STATUS,
];

/// A reply that is a status alone.
pub(super) fn status(status: Status) -> Reply {
    Box::pin(ready(status.into_http()))
}

/// A reply that is an HTTP status, for a peer that does not speak gRPC.
pub(super) fn http_status(status: http::StatusCode) -> Reply {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = status;
    Box::pin(ready(response))
}

/// A response of one message of up to `limit` bytes.
///
/// # Errors
/// A message that is larger.
pub(super) fn one<B: Message>(
    response: Response<B>,
    limit: usize,
) -> Result<http::Response<Body>, Status> {
    let (metadata, message, extensions) = response.into_parts();
    let body = One {
        message: Some(encode(&message, limit)?),
        trailers: true,
    };
    Ok(ok(metadata, extensions, Body::new(body)))
}

/// A response of any number of messages of up to `limit` bytes each; `call` ends with the last one.
pub(super) fn many<B>(
    response: Response<BoxStream<B>>,
    limit: usize,
    call: InFlight,
) -> http::Response<Body>
where
    B: Message + 'static,
{
    let (metadata, messages, extensions) = response.into_parts();
    let messages = Many {
        messages,
        limit,
        call,
    };
    let body = EncodeBody::new_server(
        ProstEncoder::<B>::default(),
        messages,
        None,
        SingleMessageCompressionOverride::default(),
        None,
    );
    ok(metadata, extensions, Body::new(body))
}

fn ok(metadata: MetadataMap, extensions: http::Extensions, body: Body) -> http::Response<Body> {
    let mut response = http::Response::new(body);
    let mut headers = metadata.into_headers();
    if !headers.is_empty() {
        for name in RESERVED {
            headers.remove(name);
        }
    }
    headers.insert(CONTENT_TYPE, GRPC);
    *response.headers_mut() = headers;
    *response.extensions_mut() = extensions;
    response
}

/// The message with its prefix: a byte that says "not compressed" and four of length.
fn encode<B: Message>(message: &B, limit: usize) -> Result<Bytes, Status> {
    let size = message.encoded_len();
    let length = check(size, limit)?;
    let mut bytes = BytesMut::with_capacity(PREFIX + size);
    bytes.put_u8(0);
    bytes.put_u32(length);
    message
        .encode(&mut bytes)
        .expect("the buffer has room for what the message says of its size");
    Ok(bytes.freeze())
}

fn check(size: usize, limit: usize) -> Result<u32, Status> {
    match u32::try_from(size) {
        Ok(length) if size <= limit => Ok(length),
        _ => Err(Status::resource_exhausted(format!(
            "the response has a message of {size} bytes; the limit is {limit}"
        ))),
    }
}

/// The messages of a response, up to the first that fails or is larger than `limit`.
struct Many<B> {
    messages: BoxStream<B>,
    limit: usize,
    call: InFlight,
}

impl<B: Message> Stream for Many<B> {
    type Item = Result<B, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next: Option<Self::Item> =
            ready!(self.messages.as_mut().poll_next(cx)).map(|message| {
                let message = message?;
                check(message.encoded_len(), self.limit)?;
                Ok(message)
            });
        match &next {
            Some(Ok(_)) => {}
            Some(Err(status)) => self.call.ends_with(status.code()),
            None => self.call.ends_with(Code::Ok),
        }
        Poll::Ready(next)
    }
}

/// A body of one message, then the trailers that say OK.
#[derive(Debug)]
struct One {
    message: Option<Bytes>,
    trailers: bool,
}

impl http_body::Body for One {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(message) = self.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        if !std::mem::take(&mut self.trailers) {
            return Poll::Ready(None);
        }
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert(GRPC_STATUS, OK);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        !self.trailers
    }
}
