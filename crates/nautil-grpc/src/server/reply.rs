//! Responses: of one message, of a stream, of a status alone.

use std::any::Any;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http_body::Frame;
use prost::Message;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};
use tracing::error;

use super::meter::InFlight;
use crate::BoxStream;
use crate::codec::{Chunk, Encoder, Half, encode};

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
    let message = encode(&message, Half::Response, limit)
        .map_err(|error| Status::resource_exhausted(error.to_string()))?;
    let body = One {
        message: Some(message),
        trailers: true,
    };
    Ok(ok(metadata, extensions, Body::new(body)))
}

/// A response of any number of messages of up to `limit` bytes each; `call` ends with the last one.
pub(super) fn many<B>(
    response: Response<BoxStream<B>>,
    limit: usize,
    path: Option<PathAndQuery>,
    call: InFlight,
) -> http::Response<Body>
where
    B: Message + 'static,
{
    let (metadata, messages, extensions) = response.into_parts();
    let body = Many {
        messages: Some(Encoder::new(messages, Half::Response, limit)),
        end: None,
        path,
        call,
    };
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

/// A body of any number of messages, then the trailers with the status.
struct Many<B> {
    /// Nothing, once the stream is over.
    messages: Option<Encoder<B>>,
    /// The status, where it waits behind messages.
    end: Option<Status>,
    path: Option<PathAndQuery>,
    call: InFlight,
}

impl<B: Message> Many<B> {
    fn finish(&mut self, status: Status) -> Frame<Bytes> {
        self.call.ends_with(status.code());
        Frame::trailers(trailers(&status))
    }
}

impl<B: Message> http_body::Body for Many<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(status) = self.end.take() {
            return Poll::Ready(Some(Ok(self.finish(status))));
        }
        let Some(messages) = &mut self.messages else {
            return Poll::Ready(None);
        };
        // What a panic broke is dropped with the stream, and never asked again.
        let polled = catch_unwind(AssertUnwindSafe(|| messages.poll_next(context)));
        let (data, status) = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Chunk::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
            Ok(Poll::Ready(Chunk::End)) => (None, Status::new(Code::Ok, "")),
            Ok(Poll::Ready(Chunk::Failed(status))) => (None, status),
            Err(panic) => (messages.rescue(), panicked(&*panic, self.path.as_ref())),
        };
        self.messages = None;
        Poll::Ready(Some(Ok(match data {
            Some(data) => {
                self.end = Some(status);
                Frame::data(data)
            }
            None => self.finish(status),
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none() && self.end.is_none()
    }
}

/// The status of a call whose handler, or whose stream, panicked.
pub(super) fn panicked(panic: &(dyn Any + Send), path: Option<&PathAndQuery>) -> Status {
    let path = path.map_or("", PathAndQuery::path);
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "",
    };
    error!(path, panic = text, "a handler panicked");
    Status::internal("internal error")
}

/// A status behind messages. One whose metadata are no headers is told without them.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    if status.code() == Code::Ok && status.metadata().is_empty() {
        trailers.insert(GRPC_STATUS, OK);
    } else if let Err(error) = status.add_header(&mut trailers) {
        trailers.clear();
        trailers.insert(GRPC_STATUS, HeaderValue::from(error.code() as i32));
    }
    trailers
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
