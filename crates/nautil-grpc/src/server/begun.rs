//! A call that has begun: its head is read, its body is not.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use http::Extensions;
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::active::Active;
use super::reply;
use super::request::Incoming;
use crate::codec::Compressor;
use crate::{BoxStream, Method};

/// A call that has begun.
pub(super) struct Begun {
    /// What of the request's head outlives the reading of its body.
    pub(super) metadata: MetadataMap,
    pub(super) extensions: Extensions,
    pub(super) incoming: Incoming,
    /// The largest message of the response, in bytes.
    pub(super) limit: usize,
    /// How the response is compressed.
    pub(super) compressor: Option<Compressor>,
    pub(super) active: Active,
}

impl Begun {
    /// The half of a call that reads one message.
    pub(super) async fn read_one<A, B, F, R>(&mut self, handler: F) -> Result<Response<B>, Status>
    where
        A: Message + Default,
        F: FnOnce(Request<A>) -> R,
        R: Future<Output = Result<Response<B>, Status>>,
    {
        let (incoming, method) = (self.incoming.take(), self.active.method());
        let (metadata, extensions) = (&mut self.metadata, &mut self.extensions);
        let work = async move {
            let message = incoming.one().await?;
            let (metadata, extensions) = (std::mem::take(metadata), std::mem::take(extensions));
            let request = Request::from_parts(metadata, extensions, message);
            run(handler, request, method).await
        };
        self.active.run(work).await
    }

    /// The half of a call that reads many.
    pub(super) async fn read_many<A, B, F, R>(&mut self, handler: F) -> Result<Response<B>, Status>
    where
        A: Message + Default + 'static,
        F: FnOnce(Request<BoxStream<A>>) -> R,
        R: Future<Output = Result<Response<B>, Status>>,
    {
        let messages = self.incoming.take().many()?;
        let metadata = std::mem::take(&mut self.metadata);
        let extensions = std::mem::take(&mut self.extensions);
        let request = Request::from_parts(metadata, extensions, messages);
        let method = self.active.method();
        self.active.run(run(handler, request, method)).await
    }
}

/// Runs a handler. What a panic breaks is dropped with it; what the handler shares must bear it, as with the panic of any
/// thread.
pub(super) async fn run<T, B, F, R>(
    handler: F,
    request: Request<T>,
    method: &'static Method,
) -> Result<Response<B>, Status>
where
    F: FnOnce(Request<T>) -> R,
    R: Future<Output = Result<Response<B>, Status>>,
{
    let answer = AssertUnwindSafe(handler(request)).catch_unwind().await;
    answer.unwrap_or_else(|panic| Err(reply::panicked(panic, method)))
}
