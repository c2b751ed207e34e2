//! What lies between tonic's client and its connection, for one call: it watches both directions.
//!
//! Outwards it guards the caller's stream (see `outbound`). Inwards it notes whether the server stated a status, and
//! turns away what is no gRPC at all, which tonic would report as a missing trailer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use super::outbound::{Fault, GuardedBody};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The connection, as one call sees it.
pub(super) struct Wire {
    connection: tonic::transport::Channel,
    notes: Arc<Notes>,
    outgoing: Option<(Fault, oneshot::Sender<Status>)>,
}

/// What was seen of the answer to one call.
#[derive(Debug, Default)]
pub(super) struct Notes {
    responded: AtomicBool,
    stated_failure: AtomicBool,
}

/// An HTTP response that is not a gRPC one.
#[derive(Debug, thiserror::Error)]
#[error("it answered HTTP {} with {content_type}", status.as_u16())]
pub(super) struct NotGrpc {
    pub(super) status: StatusCode,
    content_type: String,
}

impl Wire {
    pub(super) fn new(connection: tonic::transport::Channel, notes: Arc<Notes>) -> Self {
        Self {
            connection,
            notes,
            outgoing: None,
        }
    }

    /// Fails the request body at `fault`, and tells `caller`.
    pub(super) fn guard(mut self, fault: Fault, caller: oneshot::Sender<Status>) -> Self {
        self.outgoing = Some((fault, caller));
        self
    }
}

impl Notes {
    /// Whether there were response headers.
    pub(super) fn responded(&self) -> bool {
        self.responded.load(Ordering::Acquire)
    }

    /// Whether the server stated a `grpc-status` other than OK.
    pub(super) fn stated_failure(&self) -> bool {
        self.stated_failure.load(Ordering::Acquire)
    }

    fn read(&self, headers: &HeaderMap) {
        if headers
            .get(Status::GRPC_STATUS)
            .is_some_and(|code| code != "0")
        {
            self.stated_failure.store(true, Ordering::Release);
        }
    }
}

impl Service<Request<Body>> for Wire {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connection.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let request = match self.outgoing.take() {
            Some((fault, caller)) => {
                request.map(|body| Body::new(GuardedBody::new(body, fault, caller)))
            }
            None => request,
        };
        let response = self.connection.call(request);
        let notes = Arc::clone(&self.notes);
        Box::pin(async move {
            let response = response.await?;
            notes.responded.store(true, Ordering::Release);
            notes.read(response.headers());
            if let Some(not_grpc) = not_grpc(&response) {
                return Err(not_grpc.into());
            }
            Ok(response.map(|body| Body::new(NotedBody { body, notes })))
        })
    }
}

fn not_grpc(response: &Response<Body>) -> Option<NotGrpc> {
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE);
    let is_grpc =
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if headers.contains_key(Status::GRPC_STATUS) || (is_grpc && response.status().is_success()) {
        return None;
    }
    Some(NotGrpc {
        status: response.status(),
        content_type: match content_type {
            Some(value) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            None => "no content type".to_owned(),
        },
    })
}

/// A response body that notes the status in its trailers.
struct NotedBody {
    body: Body,
    notes: Arc<Notes>,
}

impl http_body::Body for NotedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            self.notes.read(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
