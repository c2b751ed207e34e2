//! One call on its way to its handler, in each of the four kinds.

use std::any::Any;
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
use tracing::error;

use super::config::Limits;
use super::message;
use super::meter::{InFlight, MethodId};
use super::reply::{self, Reply};
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
        let (head, body, limits, mut call) = self.into_parts();
        Box::pin(async move {
            let message = match message::one(head.metadata.as_ref(), body, limits.receive).await {
                Ok(message) => message,
                Err(status) => return failed(call, status),
            };
            let request = Request::from_parts(head.metadata, head.extensions, message);
            let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
            let reply =
                survive(answer, &head.path).and_then(|response| reply::one(response, limits.send));
            match reply {
                Ok(reply) => {
                    call.ends_with(Code::Ok);
                    reply
                }
                Err(status) => failed(call, status),
            }
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
            let message = match message::one(head.metadata.as_ref(), body, limits.receive).await {
                Ok(message) => message,
                Err(status) => return failed(call, status),
            };
            let request = Request::from_parts(head.metadata, head.extensions, message);
            let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
            match survive(answer, &head.path) {
                Ok(response) => reply::many(response, limits.send, call),
                Err(status) => failed(call, status),
            }
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
        let (head, body, limits, mut call) = self.into_parts();
        Box::pin(async move {
            let messages = match message::many(head.metadata.as_ref(), body, limits.receive) {
                Ok(messages) => messages,
                Err(status) => return failed(call, status),
            };
            let request = Request::from_parts(head.metadata, head.extensions, messages);
            let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
            let reply =
                survive(answer, &head.path).and_then(|response| reply::one(response, limits.send));
            match reply {
                Ok(reply) => {
                    call.ends_with(Code::Ok);
                    reply
                }
                Err(status) => failed(call, status),
            }
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
            let messages = match message::many(head.metadata.as_ref(), body, limits.receive) {
                Ok(messages) => messages,
                Err(status) => return failed(call, status),
            };
            let request = Request::from_parts(head.metadata, head.extensions, messages);
            let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
            match survive(answer, &head.path) {
                Ok(response) => reply::many(response, limits.send, call),
                Err(status) => failed(call, status),
            }
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

fn failed(mut call: InFlight, status: Status) -> http::Response<Body> {
    call.ends_with(status.code());
    status.into_http()
}

/// What the handler answered. What a panic broke is dropped with the handler; what the handler shares must bear it, as with
/// the panic of any thread.
fn survive<B>(
    answer: thread::Result<Result<B, Status>>,
    path: &Option<PathAndQuery>,
) -> Result<B, Status> {
    answer.unwrap_or_else(|panic| {
        let path = path.as_ref().map_or("", PathAndQuery::path);
        error!(path, panic = text(&*panic), "a handler panicked");
        Err(Status::internal("internal error"))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "",
    }
}
