//! A service whose open calls end when the server drains, instead of holding it up.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service as TowerService;

use super::health::Health;

/// Ends the requests of `service` with the drain: for streams that a tool opens and forgets.
#[derive(Debug, Clone)]
pub(super) struct UntilDrain<S> {
    service: S,
    health: Health,
}

/// The body of a request that is over when the server drains.
struct OpenBody {
    body: Body,
    draining: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<S> UntilDrain<S> {
    pub(super) fn new(service: S, health: &Health) -> Self {
        Self {
            service,
            health: health.clone(),
        }
    }
}

impl<S: NamedService> NamedService for UntilDrain<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> TowerService<Request<Body>> for UntilDrain<S>
where
    S: TowerService<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let health = self.health.clone();
        let request = request.map(|body| {
            Body::new(OpenBody {
                body,
                draining: Box::pin(async move { health.draining().await }),
            })
        });
        self.service.call(request)
    }
}

impl HttpBody for OpenBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.draining.as_mut().poll(cx).is_ready() {
            // For ever ready: a finished future is not polled again.
            self.draining = Box::pin(std::future::ready(()));
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
