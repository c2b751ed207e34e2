//! From the path of a call to its service: what a connection asks for each request.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tower_service::Service as TowerService;

use super::call::Call;
use super::config::ServerConfig;
use super::health::Health;
use super::meter::MethodId;
use super::reply::{self, Reply};
use super::served::Served;
use super::span;
use crate::call::Peer;
use crate::codec::is_proto;
use crate::{Interceptors, Method as RpcMethod, Service, UnknownInterceptor};

/// All services with the layers around them. A tower service, cheap to clone: a test can call it without a server.
#[derive(Debug, Clone)]
pub struct Routes {
    handler: Handler,
    state: Arc<State>,
}

/// What all clones know.
#[derive(Debug)]
pub(super) struct State {
    pub(super) health: Health,
    /// The methods that are counted, by [`MethodId`].
    pub(super) methods: Vec<&'static RpcMethod>,
}

/// The response of [`Routes`], to be awaited.
#[must_use]
pub struct ResponseFuture(Reply);

#[derive(Clone)]
enum Handler {
    Plain(Arc<Table>),
    Layered(Arc<dyn Handle>),
}

/// What can answer a request.
pub(super) trait Handle: Send + Sync {
    /// `method` is the last part of the path, where that is known.
    fn handle(&self, method: &str, request: Request<Body>, peer: Arc<Peer>) -> Reply;
}

/// The services by name. A short list is searched faster than a map.
#[derive(Default)]
pub(super) struct Table(Vec<(&'static str, Box<dyn Handle>)>);

/// A service of ours.
pub(super) struct Own<S: ?Sized> {
    service: Arc<S>,
    methods: Box<[Arc<Served>]>,
}

/// A service of tonic's generator.
pub(super) struct Foreign<S>(S);

impl Routes {
    pub(super) fn plain(table: Table, state: Arc<State>) -> Self {
        Self {
            handler: Handler::Plain(Arc::new(table)),
            state,
        }
    }

    pub(super) fn layered<H: Handle + 'static>(handler: H, state: Arc<State>) -> Self {
        Self {
            handler: Handler::Layered(Arc::new(handler)),
            state,
        }
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(super) fn handle(&self, mut request: Request<Body>, peer: Arc<Peer>) -> Reply {
        match &self.handler {
            Handler::Plain(table) => table.handle(request, peer),
            Handler::Layered(layered) => {
                // The layer is a tower service, which hands on the request and nothing beside it.
                request.extensions_mut().insert(Arc::clone(&peer));
                layered.handle("", request, peer)
            }
        }
    }

    pub(super) fn set_serving(&self) {
        self.state.health.set_serving();
    }

    pub(super) fn set_draining(&self) {
        self.state.health.set_draining();
    }
}

impl TowerService<Request<Body>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        let peer = request.extensions_mut().remove().unwrap_or_default();
        ResponseFuture(self.handle(request, peer))
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl Table {
    pub(super) fn push<H: Handle + 'static>(&mut self, name: &'static str, service: H) {
        self.0.push((name, Box::new(service)));
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// A name that is there twice.
    pub(super) fn duplicate(&self) -> Option<&'static str> {
        let mut earlier = Vec::new();
        self.names().find(|name| {
            let is_known = earlier.contains(name);
            earlier.push(*name);
            is_known
        })
    }

    pub(super) fn handle(&self, request: Request<Body>, peer: Arc<Peer>) -> Reply {
        if request.method() != Method::POST {
            return reply::http_status(
                StatusCode::METHOD_NOT_ALLOWED,
                "a call of gRPC is a POST\n",
            );
        }
        let content_type = request.headers().get(CONTENT_TYPE);
        if !content_type.is_some_and(|value| is_proto(value.as_bytes())) {
            return reply::http_status(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content type of a call is application/grpc\n",
            );
        }
        // A handle on the path, no copy: the request goes on while its method is borrowed.
        let path = request.uri().path_and_query().cloned();
        let path = path.as_ref().map_or("", |path| path.path());
        let Some((service, method)) = split(path) else {
            return reply::status(Status::unimplemented(format!(
                "malformed path `{path}`: expected `/<service>/<method>`"
            )));
        };
        match self.0.iter().find(|(name, _)| *name == service) {
            Some((name, handler)) => {
                let reply = handler.handle(method, request, peer);
                span::around(name, method, reply)
            }
            None => reply::status(Status::unimplemented(format!(
                "unknown service `{service}`"
            ))),
        }
    }
}

fn split(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let is_well_formed = !service.is_empty() && !method.is_empty() && !method.contains('/');
    is_well_formed.then_some((service, method))
}

impl<S: Service + ?Sized> Own<S> {
    /// `first` is the place of its first method among those of all services.
    ///
    /// # Errors
    /// The config names an interceptor that there is not.
    pub(super) fn new(
        service: Arc<S>,
        config: &ServerConfig,
        interceptors: &Interceptors,
        first: usize,
    ) -> Result<Self, UnknownInterceptor> {
        let methods = S::METHODS.iter().enumerate();
        let methods = methods.map(|(index, method)| {
            let id = MethodId::new(first + index);
            Served::new(method, id, config, interceptors).map(Arc::new)
        });
        Ok(Self {
            service,
            methods: methods.collect::<Result<_, _>>()?,
        })
    }
}

impl<S: Service + ?Sized> Handle for Own<S> {
    fn handle(&self, method: &str, request: Request<Body>, peer: Arc<Peer>) -> Reply {
        match self.methods.iter().find(|one| one.method.name() == method) {
            Some(served) => {
                let call = Call::new(request, Arc::clone(served), peer);
                S::handle(&self.service, method, call)
            }
            None => reply::unknown_method(&request),
        }
    }
}

impl<S> Foreign<S> {
    pub(super) fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S> Handle for Foreign<S>
where
    S: TowerService<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn handle(&self, _: &str, request: Request<Body>, _: Arc<Peer>) -> Reply {
        let mut service = self.0.clone();
        Box::pin(async move {
            let Ok(()) = poll_fn(|cx| service.poll_ready(cx)).await;
            let Ok(response) = service.call(request).await;
            response
        })
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(table) => table.fmt(formatter),
            Self::Layered(_) => formatter.write_str("Layered"),
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ResponseFuture")
    }
}
