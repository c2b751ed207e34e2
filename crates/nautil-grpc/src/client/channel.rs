//! The way to one service: the four kinds of call.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::{HeaderValue, Uri};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::{Request, Response, Status};

use super::deadline;
use super::dial::{BoxIo, Dialer, Place};
use super::direct::Direct;
use super::failure::Callee;
use super::intercepted;
use super::pool::Pool;
use super::terms::Terms;
use super::upstream::{Upstream, origin, refuse_zero};
use super::{ClientConfig, ConnectError, Resolve, SystemResolver, Target};
use crate::call::{LONGEST, inherited};
use crate::codec::Compressor;
use crate::interceptor::Chain;
use crate::{BoxStream, Interceptors, Method, Service, Side, UnknownInterceptor};

/// The way to one service, shared by all clones and all calls.
///
/// The host's name is resolved to all its addresses. Each gets one HTTP/2 connection, opened when its turn comes first, and
/// the calls go to those that are ready, in turn; the first goes to any of them. The name is looked up again when a
/// connection broke or could not be made, and every 30 seconds while calls are made: new addresses get calls, and those
/// that are gone get none, while calls in flight to them finish. An address that cannot be reached is left out for a
/// second, then for longer, up to 30; where no other can be had either, a call tries it all the same. A stream stays on its
/// connection.
///
/// What no server processed is sent again, within the call's deadline and four times at most: a request that never left,
/// one whose stream was refused (once), and one that a server which goes away (GOAWAY) did not read any more. A caller's
/// stream of messages is sent again from its start, as long as no more than 64 KiB of it were sent. A call that may have
/// been processed is never repeated.
///
/// A failed call's status has a [`Failure`](super::Failure) as its source; one that the server answered is otherwise as the
/// server sent it.
///
/// Dropping the future of a call, or the stream of its response, cancels it.
///
/// A generated client takes a channel and names its methods. Without one, a call names the method itself; here it goes to a server in
/// memory, as a test would have it:
///
/// ```
/// use std::future::pending;
/// use std::sync::Arc;
///
/// use nautil_grpc::client::Target;
/// use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse};
/// use nautil_grpc::server::{Router, ServerConfig, serve_connection};
/// use nautil_grpc::{Channel, ClientConfig, Code, Method, MethodKind, Request};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Arc::new(ServerConfig::default());
/// let routes = Router::new(&config).with_health().build()?;
/// let open = move || {
///     let (client, server) = tokio::io::duplex(64 << 10);
///     let (routes, config) = (routes.clone(), Arc::clone(&config));
///     tokio::spawn(async move { serve_connection(server, routes, &config, pending()).await });
///     async move { Ok(client) }
/// };
/// let target = Target {
///     service: "grpc.health.v1.Health",
///     variable: "HEALTH_HOST",
/// };
/// let channel = Channel::over(target, &ClientConfig::default(), open);
///
/// static CHECK: Method = Method::new("/grpc.health.v1.Health/Check", MethodKind::Unary);
/// let request = Request::new(HealthCheckRequest {
///     service: "nobody.Knows".to_owned(),
/// });
/// let answer = channel.unary(&CHECK, request).await;
/// let answer = answer.map(|response| -> HealthCheckResponse { response.into_inner() });
/// assert_eq!(answer.unwrap_err().code(), Code::NotFound);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Channel {
    direct: Arc<Direct>,
    /// The interceptors, by the path of the method; nothing where there are none.
    chains: Option<Chains>,
}

type Chains = Arc<[(&'static str, Arc<Chain>)]>;

impl Channel {
    /// A channel over the network. The CA file is read now; nothing is sent before the first call.
    ///
    /// Without a host the channel is made all the same, and each call fails with `FAILED_PRECONDITION`.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(target: Target, config: &ClientConfig) -> Result<Self, ConnectError> {
        Self::connect_by(target, config, Arc::new(SystemResolver))
    }

    /// A channel as [`Channel::connect`] makes it, whose host is looked up by `resolver`; an IP address is not looked up.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect_by(
        target: Target,
        config: &ClientConfig,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, ConnectError> {
        refuse_zero(target, config)?;
        let upstream = match &config.host {
            None => None,
            Some(host) => Some(Upstream::network(target, host, config, resolver)?),
        };
        let host = config.host.as_ref().map(ToString::to_string);
        Ok(Self::new(target, host, config, upstream))
    }

    /// A channel over connections that `open` opens, one at a time: to a server in the same process, or one that is found
    /// in its own way.
    ///
    /// Of `config` the deadline, `connect_timeout`, the limit of messages and the compression count; requests and errors name its host, or
    /// else `this process`.
    #[must_use]
    pub fn over<O, F, I>(target: Target, config: &ClientConfig, open: O) -> Self
    where
        O: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let host = match &config.host {
            Some(host) => host.to_string(),
            None => "this process".to_owned(),
        };
        let dialer = Dialer {
            tls: None,
            connect_timeout: config.connect_timeout.min(LONGEST),
            open: Some(Box::new(move || {
                let opening = open();
                Box::pin(async move { Ok(Box::new(opening.await?) as BoxIo) })
            })),
        };
        let upstream = Upstream {
            origin: match &config.host {
                Some(host) => origin(host),
                None => Uri::from_static("http://in.process"),
            },
            pool: Arc::new(Pool::of_place(dialer, Place::Opened)),
        };
        Self::new(target, Some(host), config, Some(upstream))
    }

    /// Lets calls pass through those of these interceptors that are for the calls of clients, or, where there are `names`, through
    /// those of these names alone.
    ///
    /// # Errors
    /// A name that none has.
    pub fn intercept<S: Service + ?Sized>(
        mut self,
        interceptors: &Interceptors,
        names: Option<&[String]>,
    ) -> Result<Self, UnknownInterceptor> {
        let mut chains = Vec::new();
        for method in S::METHODS {
            let chain = match names {
                Some(names) => interceptors.chain(names.iter().map(String::as_str))?,
                None => {
                    let all = interceptors.iter();
                    let own = all.filter(|(_, calls)| calls.have(Side::Client, method));
                    interceptors.chain(own.map(|(name, _)| name))?
                }
            };
            if let Some(chain) = chain {
                chains.push((method.path(), chain));
            }
        }
        self.chains = (!chains.is_empty()).then(|| chains.into());
        Ok(self)
    }

    /// Sends one message, and awaits one.
    ///
    /// # Errors
    /// The server's status, or one that says why there is none; see [`describe`](super::describe).
    pub async fn unary<A, B>(
        &self,
        method: &'static Method,
        request: Request<A>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let terms = self.terms(method, &request)?;
        match self.chain(method) {
            None => self.direct().unary(method, request, terms).await,
            Some(chain) => {
                // Boxed, so that a call without interceptors is not as large as one with them.
                let call = intercepted::unary(self.direct(), chain, method, request, terms);
                Box::pin(call).await
            }
        }
    }

    /// Sends one message, and returns at the response headers with a stream of messages.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], here or as the last item of the stream.
    pub async fn server_streaming<A, B>(
        &self,
        method: &'static Method,
        request: Request<A>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let terms = self.terms(method, &request)?;
        match self.chain(method) {
            None => self.direct().server_streaming(method, request, terms).await,
            Some(chain) => {
                let call =
                    intercepted::server_streaming(self.direct(), chain, method, request, terms);
                Box::pin(call).await
            }
        }
    }

    /// Sends a stream of messages, and awaits one. An error in the stream resets the call and is its result.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], and the error in `request`.
    pub async fn client_streaming<A, B>(
        &self,
        method: &'static Method,
        request: Request<BoxStream<A>>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let terms = self.terms(method, &request)?;
        match self.chain(method) {
            None => self.direct().client_streaming(method, request, terms).await,
            Some(chain) => {
                let call =
                    intercepted::client_streaming(self.direct(), chain, method, request, terms);
                Box::pin(call).await
            }
        }
    }

    /// Sends a stream of messages, and returns at the response headers with another. An error in the stream resets the
    /// call, and is its result, or after the headers the last item of the response.
    ///
    /// # Errors
    /// Those of [`Channel::client_streaming`], here or as the last item of the stream.
    pub async fn streaming<A, B>(
        &self,
        method: &'static Method,
        request: Request<BoxStream<A>>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let terms = self.terms(method, &request)?;
        match self.chain(method) {
            None => self.direct().streaming(method, request, terms).await,
            Some(chain) => {
                let call = intercepted::streaming(self.direct(), chain, method, request, terms);
                Box::pin(call).await
            }
        }
    }

    fn direct(&self) -> &Direct {
        &self.direct
    }

    /// What a call of this request begins with.
    ///
    /// # Errors
    /// There is no host, or the timeout cannot be read.
    fn terms<A>(&self, method: &Method, request: &Request<A>) -> Result<Terms, Status> {
        self.direct.refuse_nowhere()?;
        let inherited = inherited();
        let default = if method.kind().has_response_stream() {
            self.direct.stream_deadline
        } else {
            self.direct.deadline
        };
        let limit = deadline::limit(request.metadata(), default.0, inherited.as_ref())?;
        let (request_id, metadata) = inherited
            .map(|inherited| (inherited.request_id, inherited.metadata))
            .unwrap_or_default();
        Ok(Terms {
            limit,
            request_id,
            metadata,
            received: request.extensions().get().cloned(),
            trailers_alone: false,
        })
    }

    /// The interceptors of a method.
    fn chain(&self, method: &Method) -> Option<&Chain> {
        let mut chains = self.chains.as_deref()?.iter();
        let found = chains.find(|(path, _)| *path == method.path());
        found.map(|(_, chain)| &**chain)
    }

    fn new(
        target: Target,
        host: Option<String>,
        config: &ClientConfig,
        upstream: Option<Upstream>,
    ) -> Self {
        let compression = &config.compression;
        let accepted = (!compression.accept.is_empty()).then(|| {
            let names = compression.accept.to_string();
            HeaderValue::try_from(names).expect("names and commas are a header value")
        });
        let direct = Direct {
            callee: Arc::new(Callee {
                target,
                host,
                heard: AtomicBool::new(false),
            }),
            deadline: config.deadline,
            stream_deadline: config.stream_deadline,
            compressor: compression.send.map(|encoding| Compressor {
                encoding,
                least: compression.least,
            }),
            encodings: (
                compression
                    .send
                    .map(|encoding| HeaderValue::from_static(encoding.name())),
                accepted,
            ),
            max_receive_message: config.max_receive_message,
            upstream,
        };
        Self {
            direct: Arc::new(direct),
            chains: None,
        }
    }
}
