//! Responses: of one message, of a stream, of a status alone.

use std::any::Any;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use prost::Message;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Response, Status};
use tracing::error;

use super::active::Active;
use crate::call::OF_THE_CONNECTION;
use crate::codec::{Chunk, Compressor, Encoder, GRPC_ENCODING, Half, encode};
use crate::panic::caught;
use crate::{BoxStream, Method};

/// The response of a call, to be awaited.
pub type Reply = Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// What an app cannot say in metadata, because the protocol says it.
const RESERVED: [HeaderName; 6] = [
    GRPC_ENCODING,
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

/// The reply to a call of a method that the service does not have.
pub(super) fn unknown_method<B>(request: &http::Request<B>) -> Reply {
    let path = request.uri().path();
    status(Status::unimplemented(format!("unknown method `{path}`")))
}

/// A reply that is an HTTP status with a line of text, for a peer that does not speak gRPC.
pub(super) fn http_status(status: http::StatusCode, text: &'static str) -> Reply {
    let mut response = http::Response::new(Body::new(Text(Some(text))));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    Box::pin(ready(response))
}

/// A body of one line.
struct Text(Option<&'static str>);

impl http_body::Body for Text {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let text = self.0.take();
        Poll::Ready(text.map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// The reply of a handler that answers with one message of up to `limit` bytes. The call ends with it.
pub(super) fn one<B: Message>(
    answer: Result<Response<B>, Status>,
    limit: usize,
    compressor: Option<Compressor>,
    mut call: Active,
) -> http::Response<Body> {
    let encoded = answer.and_then(|response| {
        let (metadata, message, extensions) = response.into_parts();
        let message = encode(&message, Half::Response, limit, compressor)
            .map_err(|error| Status::resource_exhausted(error.to_string()))?;
        Ok((metadata, message, extensions))
    });
    let (metadata, message, extensions) = match encoded {
        Ok(encoded) => encoded,
        Err(status) => return failed(status, &mut call),
    };
    if let Err(status) = call.succeed() {
        return status_alone(&status, &mut call);
    }
    let body = One {
        message: Some(message),
        trailers: Some(ok_trailers(&mut call)),
    };
    head(metadata, extensions, compressor, &call, Body::new(body))
}

/// The reply of a handler that answers with any number of messages of up to `limit` bytes each. The call ends with the last
/// one.
pub(super) fn many<B>(
    answer: Result<Response<BoxStream<B>>, Status>,
    limit: usize,
    compressor: Option<Compressor>,
    mut call: Active,
) -> http::Response<Body>
where
    B: Message + 'static,
{
    match answer {
        Ok(response) => {
            let (metadata, messages, extensions) = response.into_parts();
            let mut response = head(metadata, extensions, compressor, &call, Body::empty());
            *response.body_mut() = Body::new(Many {
                messages: Some(Encoder::new(messages, Half::Response, limit, compressor)),
                end: None,
                call,
            });
            response
        }
        Err(status) => failed(status, &mut call),
    }
}

/// The reply of a handler that failed before its first message. The call ends with it.
fn failed(status: Status, call: &mut Active) -> http::Response<Body> {
    let status = call.fail(status);
    status_alone(&status, call)
}

/// The response of a call that has ended before its first message.
fn status_alone(status: &Status, call: &mut Active) -> http::Response<Body> {
    let headers = call.take_headers().unwrap_or_default();
    let trailers = failed_trailers(status, call);
    if headers.is_empty() {
        // One frame for both: what gRPC calls Trailers-Only.
        let mut response = http::Response::new(Body::empty());
        *response.headers_mut() = trailers;
        response.headers_mut().insert(CONTENT_TYPE, GRPC);
        return response;
    }
    let body = One {
        message: None,
        trailers: Some(trailers),
    };
    let mut response = http::Response::new(Body::new(body));
    *response.headers_mut() = own(headers);
    response
}

/// The head of a response that succeeds, so far.
fn head(
    metadata: MetadataMap,
    extensions: http::Extensions,
    compressor: Option<Compressor>,
    call: &Active,
    body: Body,
) -> http::Response<Body> {
    let mut response = http::Response::new(body);
    let mut headers = metadata.into_headers();
    headers.extend(call.take_headers().unwrap_or_default());
    let mut headers = own(headers);
    if let Some(compressor) = compressor {
        let name = HeaderValue::from_static(compressor.encoding.name());
        headers.insert(GRPC_ENCODING, name);
    }
    *response.headers_mut() = headers;
    *response.extensions_mut() = extensions;
    response
}

/// Headers of a gRPC response, without what only the protocol says.
fn own(mut headers: HeaderMap) -> HeaderMap {
    if !headers.is_empty() {
        for name in RESERVED.into_iter().chain(OF_THE_CONNECTION) {
            headers.remove(name);
        }
        bound(&mut headers);
    }
    headers.insert(CONTENT_TYPE, GRPC);
    headers
}

/// A body of any number of messages, then the trailers with the status.
struct Many<B> {
    /// Nothing, once the stream is over.
    messages: Option<Encoder<B>>,
    /// The end, where it waits behind messages.
    end: Option<Result<(), Status>>,
    call: Active,
}

impl<B: Message> Many<B> {
    fn finish(&mut self, ended: Result<(), Status>) -> Frame<Bytes> {
        let ended = match ended {
            Ok(()) => self.call.succeed(),
            Err(status) => Err(self.call.fail(status)),
        };
        Frame::trailers(match ended {
            Ok(()) => ok_trailers(&mut self.call),
            Err(status) => failed_trailers(&status, &mut self.call),
        })
    }
}

impl<B: Message> http_body::Body for Many<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(ended) = self.end.take() {
            return Poll::Ready(Some(Ok(self.finish(ended))));
        }
        let Self { messages, call, .. } = &mut *self;
        let Some(encoder) = messages else {
            return Poll::Ready(None);
        };
        // What a panic broke is dropped with the stream, and never asked again.
        let work = |context: &mut Context<'_>| {
            let polled = catch_unwind(AssertUnwindSafe(|| encoder.poll_next(context)));
            match polled {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        };
        let (data, ended) = match ready!(call.poll(context, work)) {
            Ok(Ok(Chunk::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
            Ok(Ok(Chunk::End)) => (None, Ok(())),
            Ok(Ok(Chunk::Failed(status))) | Err(status) => (None, Err(status)),
            Ok(Err(panic)) => (encoder.rescue(), Err(panicked(panic, call.method()))),
        };
        let dropped = catch_unwind(AssertUnwindSafe(|| *messages = None));
        let ended = match dropped {
            Ok(()) => ended,
            Err(panic) => Err(panicked(panic, call.method())),
        };
        Poll::Ready(Some(Ok(match data {
            Some(data) => {
                self.end = Some(ended);
                Frame::data(data)
            }
            None => self.finish(ended),
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.messages.is_none() && self.end.is_none()
    }
}

/// The status of a call whose handler, or whose stream, panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send>, method: &Method) -> Status {
    caught(panic, "a handler", method)
}

/// The trailers that the call has beside its status.
fn trailers(call: &mut Active) -> HeaderMap {
    let Some(mut trailers) = call.take_trailers() else {
        return HeaderMap::with_capacity(1);
    };
    for name in RESERVED.into_iter().chain(OF_THE_CONNECTION) {
        trailers.remove(name);
    }
    bound(&mut trailers);
    trailers
}

/// The most metadata that a response has at one of its ends, in bytes. A client takes 16 KiB of headers by default, and over more it breaks
/// off the call, or the connection with all others on it.
const MOST: usize = 12 << 10;

/// Leaves out metadata that no client would take.
fn bound(headers: &mut HeaderMap) {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32);
    let size: usize = sizes.sum();
    if size > MOST {
        error!(
            size,
            limit = MOST,
            "the metadata of a response are left out: they are too large"
        );
        headers.clear();
    }
}

/// The end of a call that succeeded.
fn ok_trailers(call: &mut Active) -> HeaderMap {
    let mut trailers = trailers(call);
    trailers.insert(GRPC_STATUS, OK);
    trailers
}

/// The end of a call that failed. A status whose metadata are no headers is told without them.
fn failed_trailers(status: &Status, call: &mut Active) -> HeaderMap {
    let mut trailers = trailers(call);
    let shortened = shorten(status);
    let status = shortened.as_ref().unwrap_or(status);
    let added = status.add_header(&mut trailers);
    for name in OF_THE_CONNECTION {
        trailers.remove(name);
    }
    if let Err(error) = added {
        trailers.clear();
        trailers.insert(GRPC_STATUS, HeaderValue::from(error.code() as i32));
    }
    trailers
}

/// The longest message of a status, in bytes as they are sent. A client takes 16 KiB of headers by default, and breaks off the call
/// or the connection over more.
const LONGEST: usize = 4 << 10;

/// The status with as much of its message as a client takes; nothing where it takes all.
fn shorten(status: &Status) -> Option<Status> {
    let message = status.message();
    // Each byte may become three: `%E2`.
    if message.len() * 3 <= LONGEST {
        return None;
    }
    let mut sent = 0;
    let end = message.char_indices().find_map(|(at, letter)| {
        let is_plain = matches!(letter, ' '..='~') && letter != '%';
        sent += if is_plain { 1 } else { letter.len_utf8() * 3 };
        (sent > LONGEST).then_some(at)
    })?;
    let message = format!("{}...", &message[..end]);
    let (details, metadata) = (status.details(), status.metadata().clone());
    let details = Bytes::copy_from_slice(details);
    Some(Status::with_details_and_metadata(
        status.code(),
        message,
        details,
        metadata,
    ))
}

/// A body of at most one message, then the trailers.
#[derive(Debug)]
struct One {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
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
        let trailers = self.trailers.take();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none()
    }
}
