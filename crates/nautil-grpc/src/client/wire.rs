//! What lies between tonic's client and the connections, for one call: it watches both directions.
//!
//! Outwards it guards the caller's stream (see `outbound`). Inwards it notes whether the server stated a status, and
//! turns away what is no gRPC at all, which tonic would report as a missing trailer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use super::incoming::Incoming;
use super::outbound::{Fault, GuardedBody};
use super::outgoing::{Outgoing, Source};
use super::pool::Pool;
use super::send::send;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const AGENT: &str = concat!("nautil/", env!("CARGO_PKG_VERSION"));

/// The connections, as one call sees them. It is always ready: the call waits for a connection.
pub(super) struct Wire {
    pool: Arc<Pool>,
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
    pub(super) fn new(pool: Arc<Pool>, notes: Arc<Notes>) -> Self {
        Self {
            pool,
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

    pub(super) fn read(&self, headers: &HeaderMap) {
        if headers
            .get(Status::GRPC_STATUS)
            .is_some_and(|code| code != "0")
        {
            self.stated_failure.store(true, Ordering::Release);
        }
    }
}

impl Service<Request<Body>> for Wire {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        name_agent(&mut parts.headers);
        let outgoing = self.outgoing.take();
        let pool = Arc::clone(&self.pool);
        let notes = Arc::clone(&self.notes);
        Box::pin(async move {
            let outgoing = match outgoing {
                Some((fault, caller)) => {
                    let body = GuardedBody::new(body, fault, caller);
                    Outgoing::Stream(Arc::new(Source::new(body)))
                }
                None => Outgoing::Message(whole(body).await?),
            };
            let (response, sending) = send(&pool, parts, &outgoing).await?;
            notes.responded.store(true, Ordering::Release);
            notes.read(response.headers());
            if let Some(not_grpc) = not_grpc(&response) {
                return Err(not_grpc.into());
            }
            Ok(response.map(|stream| Incoming::new(stream, notes, sending)))
        })
    }
}

/// Puts the framework's name behind those that the caller gave, as gRPC has it.
fn name_agent(headers: &mut HeaderMap) {
    let agent = match headers.get(USER_AGENT) {
        None => HeaderValue::from_static(AGENT),
        Some(theirs) => {
            let both = [theirs.as_bytes(), b" ", AGENT.as_bytes()].concat();
            HeaderValue::from_bytes(&both).expect("two header values and a space are one")
        }
    };
    headers.insert(USER_AGENT, agent);
}

/// All of a body: one message, that is there already.
async fn whole(body: Body) -> Result<Bytes, Status> {
    let mut body = body;
    let mut whole = Bytes::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        whole = if whole.is_empty() {
            data
        } else {
            let mut both = BytesMut::from(whole);
            both.extend_from_slice(&data);
            both.freeze()
        };
    }
    Ok(whole)
}

fn not_grpc<B>(response: &Response<B>) -> Option<NotGrpc> {
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
