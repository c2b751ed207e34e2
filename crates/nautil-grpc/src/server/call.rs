//! One call on its way to its handler, in each of the four kinds.

use std::future::Future;
use std::sync::Arc;

use prost::Message;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Request, Response, Status};

use super::active::{Active, deadline_exceeded};
use super::begun::Begun;
use super::intercepted;
use super::reply::{self, Reply};
use super::request::Incoming;
use super::served::Served;
use crate::BoxStream;
use crate::call::{Peer, received};
use crate::interceptor::Chain;

/// One call on its way to its handler: generated code says which kind it is, and who answers.
///
/// A handler that panics answers INTERNAL, and harms no other call. One that is not done at the deadline is dropped.
#[derive(Debug)]
pub struct Call {
    request: http::Request<Body>,
    served: Arc<Served>,
    peer: Arc<Peer>,
}

impl Call {
    pub(super) fn new(request: http::Request<Body>, served: Arc<Served>, peer: Arc<Peer>) -> Self {
        Self {
            request,
            served,
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
        let (chain, mut begun) = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        match chain {
            None => Box::pin(async move {
                let answer = begun.read_one(handler).await;
                reply::one(answer, begun.limit, begun.compressor, begun.active)
            }),
            Some(chain) => Box::pin(intercepted::unary(chain, begun, handler)),
        }
    }

    /// One message in, a stream out.
    pub fn server_streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<A>) -> R + Send + 'static,
        R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send + 'static,
    {
        let (chain, mut begun) = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        match chain {
            None => Box::pin(async move {
                let answer = begun.read_one(handler).await;
                reply::many(answer, begun.limit, begun.compressor, begun.active)
            }),
            Some(chain) => Box::pin(intercepted::server_streaming(chain, begun, handler)),
        }
    }

    /// A stream in, one message out.
    pub fn client_streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R + Send + 'static,
        R: Future<Output = Result<Response<B>, Status>> + Send + 'static,
    {
        let (chain, mut begun) = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        match chain {
            None => Box::pin(async move {
                let answer = begun.read_many(handler).await;
                reply::one(answer, begun.limit, begun.compressor, begun.active)
            }),
            Some(chain) => Box::pin(intercepted::client_streaming(chain, begun, handler)),
        }
    }

    /// A stream in, a stream out.
    pub fn streaming<A, B, F, R>(self, handler: F) -> Reply
    where
        A: Message + Default + 'static,
        B: Message + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R + Send + 'static,
        R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send + 'static,
    {
        let (chain, mut begun) = match self.begin() {
            Ok(begun) => begun,
            Err(reply) => return reply,
        };
        match chain {
            None => Box::pin(async move {
                let answer = begun.read_many(handler).await;
                reply::many(answer, begun.limit, begun.compressor, begun.active)
            }),
            Some(chain) => Box::pin(intercepted::streaming(chain, begun, handler)),
        }
    }

    /// Begins outside the future: all that it captures is allocated for each call.
    ///
    /// # Errors
    /// The reply to a deadline that cannot be read, or that is over.
    fn begin(self) -> Result<(Option<Arc<Chain>>, Begun), Reply> {
        let (parts, body) = self.request.into_parts();
        let policy = &self.served.policy;
        let deadline = policy.deadline(&parts.headers);
        let at = deadline.ok().flatten();
        let peer = self.peer.of_call(&parts.headers);
        let mut active = Active::begin(&self.served, peer, &parts.headers, at);
        let refused = match deadline {
            Err(fault) => Some(Status::invalid_argument(fault.to_string())),
            // The timer has milliseconds, and would let a handler run that nobody waits for.
            Ok(Some(deadline)) if deadline <= Instant::now() => Some(deadline_exceeded()),
            Ok(_) => None,
        };
        if let Some(status) = refused {
            return Err(reply::status(active.fail(status)));
        }
        let begun = Begun {
            incoming: Incoming::new(&parts.headers, body, policy),
            compressor: policy.compressor(&parts.headers),
            metadata: received(parts.headers),
            extensions: parts.extensions,
            limit: policy.send,
            active,
        };
        Ok((self.served.chain.clone(), begun))
    }

    /// The service has no such method.
    #[must_use]
    pub fn unimplemented(self) -> Reply {
        reply::unknown_method(&self.request)
    }
}
