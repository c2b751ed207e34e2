//! The way to one service: the four kinds of call.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use super::call::{CallError, ClientCall};
use super::deadline::{Deadline, Scope};
use super::dial::{BoxIo, Dialer, Place};
use super::failure::{Callee, Failure, host_not_set};
use super::host::Address;
use super::outgoing::{Outgoing, Source};
use super::pool::{Name, Pool};
use super::request::{Told, head};
use super::response;
use super::send::send;
use super::tls::Tls;
use super::{ClientConfig, ConnectError, Host, Resolve, SystemResolver, Target};
use crate::BoxStream;
use crate::call::{LONGEST, inherited};
use crate::codec::{Compressor, Half, encode};

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
/// A generated client takes a channel and names its methods. Without one, a call names its path; here it goes to a server in
/// memory, as a test would have it:
///
/// ```
/// use std::future::pending;
/// use std::sync::Arc;
///
/// use nautil_grpc::client::Target;
/// use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse};
/// use nautil_grpc::server::{Router, ServerConfig, serve_connection};
/// use nautil_grpc::{Channel, ClientConfig, Code, Request};
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
/// let request = Request::new(HealthCheckRequest {
///     service: "nobody.Knows".to_owned(),
/// });
/// let answer = channel.unary("/grpc.health.v1.Health/Check", request).await;
/// let answer = answer.map(|response| -> HealthCheckResponse { response.into_inner() });
/// assert_eq!(answer.unwrap_err().code(), Code::NotFound);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Channel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    callee: Arc<Callee>,
    deadline: Duration,
    max_receive_message: usize,
    compressor: Option<Compressor>,
    /// What every request says of it.
    encodings: (Option<HeaderValue>, Option<HeaderValue>),
    upstream: Option<Upstream>,
}

#[derive(Debug)]
struct Upstream {
    /// The scheme and the authority of every request.
    origin: Uri,
    pool: Arc<Pool>,
}

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

    /// Sends one message, and awaits one.
    ///
    /// # Errors
    /// The server's status, or one that says why there is none; see [`describe`](super::describe).
    pub async fn unary<A, B>(
        &self,
        path: &'static str,
        request: Request<A>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let mut call = self.begin(request.metadata(), Scope::Call)?;
        let begun = self.send_one(&mut call, path, request).await;
        self.one(call, begun).await
    }

    /// Sends one message, and returns at the response headers with a stream of messages.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], here or as the last item of the stream.
    pub async fn server_streaming<A, B>(
        &self,
        path: &'static str,
        request: Request<A>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let mut call = self.begin(request.metadata(), Scope::Headers)?;
        let begun = self.send_one(&mut call, path, request).await;
        self.many(call, begun)
    }

    /// Sends a stream of messages, and awaits one. An error in the stream resets the call and is its result.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], and the error in `request`.
    pub async fn client_streaming<A, B>(
        &self,
        path: &'static str,
        request: Request<BoxStream<A>>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let mut call = self.begin(request.metadata(), Scope::Call)?;
        let begun = self.send_many(&mut call, path, request).await;
        self.one(call, begun).await
    }

    /// Sends a stream of messages, and returns at the response headers with another. An error in the stream resets the
    /// call, and is its result, or after the headers the last item of the response.
    ///
    /// # Errors
    /// Those of [`Channel::client_streaming`], here or as the last item of the stream.
    pub async fn streaming<A, B>(
        &self,
        path: &'static str,
        request: Request<BoxStream<A>>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let mut call = self.begin(request.metadata(), Scope::Headers)?;
        let begun = self.send_many(&mut call, path, request).await;
        self.many(call, begun)
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
        Self(Arc::new(Inner {
            callee: Arc::new(Callee {
                target,
                host,
                heard: AtomicBool::new(false),
            }),
            deadline: config.deadline,
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
        }))
    }

    /// `scope` is the part of the call that the config's deadline holds for.
    fn begin(&self, metadata: &MetadataMap, scope: Scope) -> Result<ClientCall, Status> {
        let callee = &self.0.callee;
        if self.0.upstream.is_none() {
            return Err(host_not_set(callee));
        }
        let inherited = inherited();
        let deadline = Deadline::of(metadata, self.0.deadline, scope, inherited.as_ref())?;
        let request_id = inherited.and_then(|inherited| inherited.request_id);
        Ok(ClientCall::new(Arc::clone(callee), deadline, request_id))
    }

    /// The half of a call that sends one message.
    async fn send_one<A: Message, B: Message + Default>(
        &self,
        call: &mut ClientCall,
        path: &'static str,
        request: Request<A>,
    ) -> Begun<B> {
        let (metadata, _, message) = request.into_parts();
        let compressor = self.0.compressor;
        let message = encode(&message, Half::Request, usize::MAX, compressor)
            .map_err(|error| Status::resource_exhausted(error.to_string()))?;
        self.send(call, path, metadata, Outgoing::Message(message))
            .await
    }

    /// The half of a call that sends many.
    async fn send_many<A: Message + 'static, B: Message + Default>(
        &self,
        call: &mut ClientCall,
        path: &'static str,
        request: Request<BoxStream<A>>,
    ) -> Begun<B> {
        let (metadata, _, messages) = request.into_parts();
        let (source, stopped) = Source::new(messages, self.0.compressor);
        call.watch(stopped);
        self.send(call, path, metadata, Outgoing::Stream(Arc::new(source)))
            .await
    }

    async fn send<B: Message + Default>(
        &self,
        call: &mut ClientCall,
        path: &'static str,
        metadata: MetadataMap,
        outgoing: Outgoing,
    ) -> Begun<B> {
        let Some(upstream) = &self.0.upstream else {
            return Err(host_not_set(&self.0.callee));
        };
        let timeout = call.told_to_the_server();
        let told = Told {
            timeout,
            request_id: call.take_request_id(),
            encodings: self.0.encodings.clone(),
        };
        let answer = async {
            let head = head(&upstream.origin, path, metadata, told).map_err(CallError::Local)?;
            send(&upstream.pool, head, &outgoing)
                .await
                .map_err(CallError::Send)
        };
        call.head(self.0.max_receive_message, answer).await
    }

    /// The half of a call that awaits one message.
    async fn one<B: Message + Default>(
        &self,
        mut call: ClientCall,
        begun: Begun<B>,
    ) -> Result<Response<B>, Status> {
        let ended = match begun {
            Ok((headers, response)) => call
                .message(response)
                .await
                .map(|(message, trailers)| (headers, message, trailers)),
            Err(status) => Err(status),
        };
        self.note(&ended);
        let (mut headers, message, trailers) = ended?;
        headers.extend(trailers);
        let metadata = MetadataMap::from_headers(headers);
        Ok(Response::from_parts(
            metadata,
            message,
            Extensions::default(),
        ))
    }

    /// The half of a call that awaits many.
    fn many<B: Message + Default + Send + 'static>(
        &self,
        call: ClientCall,
        begun: Begun<B>,
    ) -> Result<Response<BoxStream<B>>, Status> {
        self.note(&begun);
        let (headers, response) = begun?;
        let metadata = MetadataMap::from_headers(headers);
        let messages = call.messages(response);
        Ok(Response::from_parts(
            metadata,
            messages,
            Extensions::default(),
        ))
    }

    /// Remembers that a gRPC server is there, if one answered.
    fn note<T>(&self, result: &Result<T, Status>) {
        let is_answered = match result {
            Ok(_) => true,
            Err(status) => Failure::of(status).is_some_and(Failure::answered),
        };
        if is_answered {
            self.0.callee.heard.store(true, Ordering::Release);
        }
    }
}

/// The head of a response and the rest of it, or why there is none.
type Begun<B> = Result<(HeaderMap, response::Response<B>), Status>;

impl Upstream {
    fn network(
        target: Target,
        host: &Host,
        config: &ClientConfig,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, ConnectError> {
        let tls = match host.address() {
            Address::Tcp {
                name, tls: true, ..
            } => Some(Tls::new(target, host, name, &config.tls)?),
            _ => {
                refuse_tls_keys(target, host, config)?;
                None
            }
        };
        let dialer = Dialer {
            tls,
            connect_timeout: config.connect_timeout.min(LONGEST),
            open: None,
        };
        let pool = match host.address() {
            Address::Unix(path) => Pool::of_place(dialer, Place::Unix(path.clone())),
            Address::Tcp { name, port, .. } => match name.parse::<IpAddr>() {
                Ok(ip) => Pool::of_place(dialer, Place::Tcp((ip, *port).into())),
                Err(_) => {
                    let name = Name {
                        name: name.clone(),
                        port: *port,
                        resolver,
                    };
                    Pool::of_name(dialer, name)
                }
            },
        };
        Ok(Self {
            origin: origin(host),
            pool: Arc::new(pool),
        })
    }
}

fn origin(host: &Host) -> Uri {
    match host.address() {
        Address::Tcp { name, port, tls } => {
            let scheme = if *tls { "https" } else { "http" };
            let uri = if name.contains(':') {
                format!("{scheme}://[{name}]:{port}")
            } else {
                format!("{scheme}://{name}:{port}")
            };
            uri.parse().expect("a parsed host is a name and a port")
        }
        // The authority that gRPC defines for Unix sockets.
        Address::Unix(_) => Uri::from_static("http://localhost"),
    }
}

fn refuse_tls_keys(target: Target, host: &Host, config: &ClientConfig) -> Result<(), ConnectError> {
    let key = match (&config.tls.ca, &config.tls.domain) {
        (Some(_), _) => "ca",
        (None, Some(_)) => "domain",
        (None, None) => return Ok(()),
    };
    Err(ConnectError::TlsWithoutHttps {
        variable: target.variable,
        host: host.clone(),
        key,
    })
}

fn refuse_zero(target: Target, config: &ClientConfig) -> Result<(), ConnectError> {
    let key = if config.deadline.is_zero() {
        "deadline"
    } else if config.connect_timeout.is_zero() {
        "connect_timeout"
    } else if config.max_receive_message == 0 {
        "max_receive_message"
    } else {
        return Ok(());
    };
    Err(ConnectError::Zero {
        service: target.service,
        key,
    })
}
