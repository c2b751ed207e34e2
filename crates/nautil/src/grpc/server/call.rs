//! One call on its way to its handler, in each of the four kinds.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use prost::Message;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use tracing::error;

use super::config::Limits;
use super::message;
use super::reply::{self, Reply};
use crate::grpc::BoxStream;

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
    pub(super) fn new(request: http::Request<Body>, limits: MessageLimits) -> Self {
        Self { request, limits }
    }

    /// One message in, one message out.
    pub fn unary<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<A>) -> R + Send + 'static,
        R: Future<Output = Result<Response<B>, Status>> + Send + 'static,
    {
        let Self { request, limits } = self;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let message = match message::one(&parts.headers, body, limits.receive).await {
                Ok(message) => message,
                Err(status) => return status.into_http(),
            };
            match answer(parts, message, handler).await {
                Ok(response) => reply::one(response, limits.send),
                Err(status) => status.into_http(),
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
        let Self { request, limits } = self;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let message = match message::one(&parts.headers, body, limits.receive).await {
                Ok(message) => message,
                Err(status) => return status.into_http(),
            };
            match answer(parts, message, handler).await {
                Ok(response) => reply::many(response, limits.send),
                Err(status) => status.into_http(),
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
        let Self { request, limits } = self;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let messages = match message::many(&parts.headers, body, limits.receive) {
                Ok(messages) => messages,
                Err(status) => return status.into_http(),
            };
            match answer(parts, messages, handler).await {
                Ok(response) => reply::one(response, limits.send),
                Err(status) => status.into_http(),
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
        let Self { request, limits } = self;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let messages = match message::many(&parts.headers, body, limits.receive) {
                Ok(messages) => messages,
                Err(status) => return status.into_http(),
            };
            match answer(parts, messages, handler).await {
                Ok(response) => reply::many(response, limits.send),
                Err(status) => status.into_http(),
            }
        })
    }

    /// The service has no such method.
    #[must_use]
    pub fn unimplemented(self) -> Reply {
        let path = self.request.uri().path();
        reply::status(Status::unimplemented(format!("unknown method `{path}`")))
    }
}

/// Asks the handler, and outlives its panic.
async fn answer<A, B, F, R>(
    parts: http::request::Parts,
    message: A,
    handler: F,
) -> Result<Response<B>, Status>
where
    F: FnOnce(Request<A>) -> R,
    R: Future<Output = Result<Response<B>, Status>>,
{
    let uri = parts.uri;
    let metadata = MetadataMap::from_headers(parts.headers);
    let request = Request::from_parts(metadata, parts.extensions, message);
    // What the handler broke is dropped with it; what it shares must bear it anyway, as with any other thread's panic.
    AssertUnwindSafe(async move { handler(request).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            error!(
                method = uri.path(),
                panic = text(&*panic),
                "a handler panicked"
            );
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
