//! A tower layer around all services: what it may be made of, and how its service is asked.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;

use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower_service::Service as TowerService;

use super::reply::Reply;
use super::routes::Handle;
use crate::call::Peer;

/// What a layer must make of [`Routes`](super::Routes): a service that answers HTTP requests with a body `B`.
pub trait RoutedBy<B>:
    TowerService<
        Request<Body>,
        Response = Response<B>,
        Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S, B> RoutedBy<B> for S where
    S: TowerService<
            Request<Body>,
            Response = Response<B>,
            Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// A body that a layer may answer with.
pub trait ResponseBody:
    http_body::Body<Data = bytes::Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
    + Send
    + 'static
{
}

impl<B> ResponseBody for B where
    B: http_body::Body<Data = bytes::Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static
{
}

/// Routes with a layer around them.
pub(super) struct Layered<S, B> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S: RoutedBy<B>, B> Layered<S, B> {
    pub(super) fn new(service: S) -> Self {
        Self {
            service,
            body: PhantomData,
        }
    }
}

impl<S, B> Handle for Layered<S, B>
where
    S: RoutedBy<B>,
    B: ResponseBody,
{
    fn handle(&self, _: &str, request: Request<Body>, _: Arc<Peer>) -> Reply {
        let mut service = self.service.clone();
        Box::pin(async move {
            let answered = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(request).await
            };
            match answered.await {
                Ok(response) => response.map(Body::new),
                Err(error) => Status::from_error(error.into()).into_http(),
            }
        })
    }
}
