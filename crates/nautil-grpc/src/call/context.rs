//! What there is to know of a call, for whoever asks.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderValue};
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;

use super::peer::Peer;
use super::principal::Principal;
use super::request_id;
use crate::{Method, MethodKind};

/// What there is to know of a call while it is served: its method, its peer, its deadline, whether its caller is still there.
///
/// A handler has it by [`RequestExt::context`](crate::RequestExt::context). It is made when it is first asked for; calls whose handler does not ask pay
/// nothing. Clones are the same context. It may outlive its call, which it then says of itself ([`Context::is_over`]).
///
/// ```
/// use nautil_grpc::{Request, RequestExt, Response, Status};
///
/// async fn get_rate(request: Request<()>) -> Result<Response<()>, Status> {
///     let context = request.context();
///     tracing::info!(method = %context.method(), peer = %context.peer().address());
///     if context.remaining().is_some_and(|remaining| remaining.as_millis() < 5) {
///         return Err(Status::deadline_exceeded("there is no time to ask the source"));
///     }
///     Ok(Response::new(()))
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    method: &'static Method,
    peer: Arc<Peer>,
    deadline: Option<Instant>,
    request_id: OnceLock<HeaderValue>,
    /// What outgoing calls take over beside it.
    kept: Option<Arc<HeaderMap>>,
    over: CancellationToken,
    extensions: Mutex<Extensions>,
    /// What is added to the head of the response.
    headers: Mutex<MetadataMap>,
    /// What is added to the end of the response.
    trailers: Mutex<MetadataMap>,
}

/// The method of a context that is of no call.
static NO_METHOD: Method = Method::new("/none/None", MethodKind::Unary);

impl Context {
    /// The context of no call.
    pub(crate) fn none() -> Self {
        Self::new(&NO_METHOD, Arc::default(), None, None, None)
    }

    /// The context of a call that is made, whose peer is not known yet.
    pub(crate) fn outgoing(
        method: &'static Method,
        deadline: Option<Instant>,
        request_id: Option<HeaderValue>,
    ) -> Self {
        Self::new(method, Arc::default(), deadline, request_id, None)
    }

    pub(super) fn new(
        method: &'static Method,
        peer: Arc<Peer>,
        deadline: Option<Instant>,
        request_id: Option<HeaderValue>,
        kept: Option<Arc<HeaderMap>>,
    ) -> Self {
        Self(Arc::new(Inner {
            kept,
            method,
            peer,
            deadline,
            request_id: request_id.map_or_else(OnceLock::new, OnceLock::from),
            over: CancellationToken::new(),
            extensions: Mutex::default(),
            headers: Mutex::default(),
            trailers: Mutex::default(),
        }))
    }

    /// The method that was called.
    #[must_use]
    pub fn method(&self) -> &'static Method {
        self.0.method
    }

    /// What all calls of the connection share.
    pub(super) fn shared_peer(&self) -> &Arc<Peer> {
        &self.0.peer
    }

    /// Who called.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// The point in time at which the caller stops waiting; nothing where there is none. The call is stopped then.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// What is left until the deadline; nothing where there is none.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.0.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// What the call is known by in logs: what the caller sent as `x-request-id`, or else an id that is made now. Outgoing
    /// calls hand it on.
    #[must_use]
    pub fn request_id(&self) -> &str {
        let id = self.0.request_id.get_or_init(request_id::make);
        id.to_str().unwrap_or_default()
    }

    /// The request id, if there is one by now.
    pub(crate) fn known_request_id(&self) -> Option<HeaderValue> {
        self.0.request_id.get().cloned()
    }

    /// What outgoing calls take over beside the request id.
    pub(super) fn kept(&self) -> Option<&Arc<HeaderMap>> {
        self.0.kept.as_ref()
    }

    /// Whether the call is over: it was answered, its deadline passed, or its caller went away.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.over.is_cancelled()
    }

    /// Resolves once the call is over.
    pub async fn over(&self) {
        self.0.over.cancelled().await;
    }

    pub(crate) fn end(&self) {
        self.0.over.cancel();
    }

    pub(super) fn token(&self) -> &CancellationToken {
        &self.0.over
    }

    /// Who the call is made for, once an interceptor has found that out.
    #[must_use]
    pub fn principal(&self) -> Option<Arc<Principal>> {
        self.get()
    }

    /// Says who the call is made for.
    pub fn set_principal(&self, principal: Principal) {
        self.insert(Arc::new(principal));
    }

    /// Keeps a value with the call, for whoever has the context: an interceptor for a handler, for example. The value that
    /// was there of this type is returned.
    pub fn insert<T: Any + Clone + Send + Sync>(&self, value: T) -> Option<T> {
        self.0.extensions.lock().insert(value)
    }

    /// The value of this type that is kept with the call.
    #[must_use]
    pub fn get<T: Any + Clone + Send + Sync>(&self) -> Option<T> {
        self.0.extensions.lock().get().cloned()
    }

    /// Changes the metadata that go out in the head of the response, beside those of the [`Response`](crate::Response). They
    /// go out where the call fails, too, which is what sets them apart.
    pub fn headers<R>(&self, change: impl FnOnce(&mut MetadataMap) -> R) -> R {
        change(&mut self.0.headers.lock())
    }

    /// Changes the metadata that go out behind the last message, whether the call succeeds or fails.
    pub fn trailers<R>(&self, change: impl FnOnce(&mut MetadataMap) -> R) -> R {
        change(&mut self.0.trailers.lock())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("method", self.0.method)
            .field("peer", &self.0.peer.address())
            .field("remaining", &self.remaining())
            .field("is_over", &self.is_over())
            .finish_non_exhaustive()
    }
}
