//! One call on its way to its handler, in each of the four kinds.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::thread;

use futures_util::FutureExt;
use http::Extensions;
use http::uri::PathAndQuery;
use prost::Message;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};

use super::config::Limits;
use super::meter::{InFlight, MethodId};
use super::reply::{self, Reply};
use super::request;
use crate::BoxStream;

/// The sizes of messages, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageLimits {
    receive: usize,
    send: usize,
}

/// One call on its way to its handler: generated code says which kind it is, and who answers.
///
/// A handler that panics answers INTERNAL, and harms no other call.
#[derive(Debug)]
pub struct Call {
    request: http::Request<Body>,
    limits: MessageLimits,
    method: MethodId,
}

/// What of a request's head outlives the reading of its body.
struct Head {
    path: Option<PathAndQuery>,
    metadata: MetadataMap,
    extensions: Extensions,
}

impl MessageLimits {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            receive: limits.max_receive_message,
            send: limits.max_send_message,
        }
    }
}

impl Call {
    pub(super) fn new(
        request: http::Request<Body>,
        limits: MessageLimits,
        method: MethodId,
    ) -> Self {
        Self {
            request,
            limits,
            method,
        }
    }

    /// One message in, one message out.
    pub fn unary<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<A>) -> R + Send + 'static,
        R: Future<Output = Result<Response<B>, Status>> + Send + 'static,
    {
        let (head, body, limits, call) = self.into_parts();
        Box::pin(async move {
            let answer = match request::one(head.metadata.as_ref(), body, limits.receive).await {
                Ok(message) => run(handler, head.metadata, head.extensions, message).await,
                Err(status) => Ok(Err(status)),
            };
            answer_one(answer, head.path.as_ref(), limits, call)
        })
    }

    /// One message in, a stream out.
    pub fn server_streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<A>) -> R + Send + 'static,
        R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send + 'static,
    {
        let (head, body, limits, call) = self.into_parts();
        Box::pin(async move {
            let answer = match request::one(head.metadata.as_ref(), body, limits.receive).await {
                Ok(message) => run(handler, head.metadata, head.extensions, message).await,
                Err(status) => Ok(Err(status)),
            };
            answer_many(answer, head.path, limits, call)
        })
    }

    /// A stream in, one message out.
    pub fn client_streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R + Send + 'static,
        R: Future<Output = Result<Response<B>, Status>> + Send + 'static,
    {
        let (head, body, limits, call) = self.into_parts();
        Box::pin(async move {
            let answer = match request::many(head.metadata.as_ref(), body, limits.receive) {
                Ok(messages) => run(handler, head.metadata, head.extensions, messages).await,
                Err(status) => Ok(Err(status)),
            };
            answer_one(answer, head.path.as_ref(), limits, call)
        })
    }

    /// A stream in, a stream out.
    pub fn streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R + Send + 'static,
        R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send + 'static,
    {
        let (head, body, limits, call) = self.into_parts();
        Box::pin(async move {
            let answer = match request::many(head.metadata.as_ref(), body, limits.receive) {
                Ok(messages) => run(handler, head.metadata, head.extensions, messages).await,
                Err(status) => Ok(Err(status)),
            };
            answer_many(answer, head.path, limits, call)
        })
    }

    /// Splits off what is needed later, outside the future: all that it captures is allocated for each call.
    fn into_parts(self) -> (Head, Body, MessageLimits, InFlight) {
        let call = InFlight::begin(self.method);
        let (parts, body) = self.request.into_parts();
        let head = Head {
            path: parts.uri.into_parts().path_and_query,
            metadata: MetadataMap::from_headers(parts.headers),
            extensions: parts.extensions,
        };
        (head, body, self.limits, call)
    }

    /// The service has no such method.
    #[must_use]
    pub fn unimplemented(self) -> Reply {
        let path = self.request.uri().path();
        reply::status(Status::unimplemented(format!("unknown method `{path}`")))
    }
}

/// What a handler answered, or how it panicked.
type HandlerResult<B> = thread::Result<Result<Response<B>, Status>>;

/// Runs a handler. What a panic breaks is dropped with it; what the handler shares must bear it, as with the panic of any
/// thread.
async fn run<T, B, F, R>(
    handler: F,
    metadata: MetadataMap,
    extensions: Extensions,
    message: T,
) -> HandlerResult<B>
where
    F: FnOnce(Request<T>) -> R,
    R: Future<Output = Result<Response<B>, Status>>,
{
    let request = Request::from_parts(metadata, extensions, message);
    AssertUnwindSafe(handler(request)).catch_unwind().await
}

/// The half of a call that answers with one message.
fn answer_one<B: Message + 'static>(
    answer: HandlerResult<B>,
    path: Option<&PathAndQuery>,
    limits: MessageLimits,
    mut call: InFlight,
) -> http::Response<Body> {
    let answer = answer.unwrap_or_else(|panic| Err(reply::panicked(&*panic, path)));
    match answer.and_then(|response| reply::one(response, limits.send)) {
        Ok(reply) => {
            call.ends_with(Code::Ok);
            reply
        }
        Err(status) => failed(call, status),
    }
}

/// The half of a call that answers with many.
fn answer_many<B: Message + 'static>(
    answer: HandlerResult<BoxStream<B>>,
    path: Option<PathAndQuery>,
    limits: MessageLimits,
    call: InFlight,
) -> http::Response<Body> {
    let answer = answer.unwrap_or_else(|panic| Err(reply::panicked(&*panic, path.as_ref())));
    match answer {
        Ok(response) => reply::many(response, limits.send, path, call),
        Err(status) => failed(call, status),
    }
}

fn failed(mut call: InFlight, status: Status) -> http::Response<Body> {
    call.ends_with(status.code());
    status.into_http()
}
