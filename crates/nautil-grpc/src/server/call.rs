//! One call on its way to its handler, in each of the four kinds.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::Extensions;
use prost::Message;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::active::{Active, deadline_exceeded};
use super::meter::MethodId;
use super::policy::Policy;
use super::reply::{self, Reply};
use super::request;
use crate::call::Peer;
use crate::codec::Compressor;
use crate::{BoxStream, Method};

/// One call on its way to its handler: generated code says which kind it is, and who answers.
///
/// A handler that panics answers INTERNAL, and harms no other call. One that is not done at the deadline is dropped.
#[derive(Debug)]
pub struct Call {
    request: http::Request<Body>,
    method: &'static Method,
    id: MethodId,
    policy: Policy,
    peer: Arc<Peer>,
}

/// A call that has begun.
struct Begun {
    /// What of the request's head outlives the reading of its body.
    metadata: MetadataMap,
    extensions: Extensions,
    body: Body,
    policy: Policy,
    /// How the response is compressed.
    compressor: Option<Compressor>,
    active: Active,
}

impl Call {
    pub(super) fn new(
        request: http::Request<Body>,
        method: &'static Method,
        id: MethodId,
        policy: Policy,
        peer: Arc<Peer>,
    ) -> Self {
        Self {
            request,
            method,
            id,
            policy,
            peer,
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
        let mut begun = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        Box::pin(async move {
            let answer = begun.read_one(handler).await;
            reply::one(answer, begun.policy.send, begun.compressor, begun.active)
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
        let mut begun = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        Box::pin(async move {
            let answer = begun.read_one(handler).await;
            reply::many(answer, begun.policy.send, begun.compressor, begun.active)
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
        let mut begun = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        Box::pin(async move {
            let answer = begun.read_many(handler).await;
            reply::one(answer, begun.policy.send, begun.compressor, begun.active)
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
        let mut begun = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        Box::pin(async move {
            let answer = begun.read_many(handler).await;
            reply::many(answer, begun.policy.send, begun.compressor, begun.active)
        })
    }

    /// Begins outside the future: all that it captures is allocated for each call.
    ///
    /// # Errors
    /// The reply to a deadline that cannot be read, or that is over.
    fn begin(self) -> Result<Begun, Reply> {
        let (parts, body) = self.request.into_parts();
        let deadline = self.policy.deadline(&parts.headers);
        let at = deadline.ok().flatten();
        let mut active = Active::begin(self.method, self.id, self.peer, &parts.headers, at);
        let refused = match deadline {
            Err(fault) => Some(Status::invalid_argument(fault.to_string())),
            // The timer has milliseconds, and would let a handler run that nobody waits for.
            Ok(Some(deadline)) if deadline <= Instant::now() => Some(deadline_exceeded()),
            Ok(_) => None,
        };
        if let Some(status) = refused {
            active.ends_with(status.code());
            return Err(reply::status(status));
        }
        Ok(Begun {
            compressor: self.policy.compressor(&parts.headers),
            metadata: MetadataMap::from_headers(parts.headers),
            extensions: parts.extensions,
            body,
            policy: self.policy,
            active,
        })
    }

    /// The service has no such method.
    #[must_use]
    pub fn unimplemented(self) -> Reply {
        reply::unknown_method(&self.request)
    }
}

impl Begun {
    /// The half of a call that reads one message.
    async fn read_one<A, B, F, R>(&mut self, handler: F) -> Result<Response<B>, Status>
    where
        A: Message + Default,
        F: FnOnce(Request<A>) -> R,
        R: Future<Output = Result<Response<B>, Status>>,
    {
        let (body, method) = (std::mem::take(&mut self.body), self.active.method());
        let (metadata, extensions) = (&mut self.metadata, &mut self.extensions);
        let policy = &self.policy;
        let work = async move {
            let message = request::one(metadata.as_ref(), body, policy).await?;
            let (metadata, extensions) = (std::mem::take(metadata), std::mem::take(extensions));
            run(
                handler,
                Request::from_parts(metadata, extensions, message),
                method,
            )
            .await
        };
        self.active.run(work).await
    }

    /// The half of a call that reads many.
    async fn read_many<A, B, F, R>(&mut self, handler: F) -> Result<Response<B>, Status>
    where
        A: Message + Default + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R,
        R: Future<Output = Result<Response<B>, Status>>,
    {
        let (body, method) = (std::mem::take(&mut self.body), self.active.method());
        let messages = request::many(self.metadata.as_ref(), body, &self.policy)?;
        let metadata = std::mem::take(&mut self.metadata);
        let extensions = std::mem::take(&mut self.extensions);
        let request = Request::from_parts(metadata, extensions, messages);
        self.active.run(run(handler, request, method)).await
    }
}

/// Runs a handler. What a panic breaks is dropped with it; what the handler shares must bear it, as with the panic of any
/// thread.
async fn run<T, B, F, R>(
    handler: F,
    request: Request<T>,
    method: &'static Method,
) -> Result<Response<B>, Status>
where
    F: FnOnce(Request<T>) -> R,
    R: Future<Output = Result<Response<B>, Status>>,
{
    let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
    answer.unwrap_or_else(|panic| Err(reply::panicked(&*panic, method)))
}
