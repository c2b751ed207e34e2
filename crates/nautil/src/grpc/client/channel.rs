//! The way to one service: the four kinds of call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::oneshot;
use tonic::client::Grpc;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use super::call::{Call, CancelOnDrop};
use super::deadline::{Deadline, Scope};
use super::dial::Dialer;
use super::failure::{Site, host_not_set};
use super::outbound::{Fault, Outbound};
use super::wire::{Notes, Wire};
use super::{ClientConfig, ConnectError, Target};
use crate::grpc::BoxStream;

/// The way to one service: one HTTP/2 connection, shared by all clones and all calls.
///
/// It connects at the first call, and again at the next one after it broke. A failed call's status has a
/// [`Failure`](super::Failure) as its source; one that the server answered is otherwise as the server sent it.
///
/// Dropping the future of a call, or the stream of its response, cancels it.
#[derive(Debug, Clone)]
pub struct Channel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    site: Arc<Site>,
    deadline: Duration,
    max_receive_message: usize,
    line: Line,
}

#[derive(Debug)]
enum Line {
    HostNotSet,
    /// Opened at the first call: opening needs a runtime, and a channel is made where there may be none.
    Network {
        dialer: Box<Dialer>,
        connection: OnceLock<tonic::transport::Channel>,
    },
    Given(tonic::transport::Channel),
}

impl Channel {
    /// A channel over the network. The CA file is read now; nothing is sent before the first call.
    ///
    /// Without a host the channel is made all the same, and each call fails with `FAILED_PRECONDITION`.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(target: Target, config: &ClientConfig) -> Result<Self, ConnectError> {
        refuse_zero(target, config)?;
        let line = match &config.host {
            None => Line::HostNotSet,
            Some(host) => Line::Network {
                dialer: Box::new(Dialer::new(target, host, config)?),
                connection: OnceLock::new(),
            },
        };
        let host = config.host.as_ref().map(ToString::to_string);
        Ok(Self::new(target, host, config, line))
    }

    /// A channel over a connection that is there already: for tests, whose server is in the same process.
    ///
    /// Of `config` the deadline and the limit of messages count; errors name its host, or else `this process`.
    #[must_use]
    pub fn over(
        target: Target,
        config: &ClientConfig,
        connection: tonic::transport::Channel,
    ) -> Self {
        let host = match &config.host {
            Some(host) => host.to_string(),
            None => "this process".to_owned(),
        };
        Self::new(target, Some(host), config, Line::Given(connection))
    }

    /// Sends one message, and awaits one.
    ///
    /// # Errors
    /// The server's status, or one that says why there is none; see [`describe`](super::describe).
    pub async fn unary<A, B>(
        &self,
        path: &'static str,
        mut request: Request<A>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let (mut call, wire) = self.call(&mut request, Scope::Call)?;
        let mut grpc = self.grpc(wire);
        let answer = async {
            grpc.ready().await.map_err(Status::from_error)?;
            grpc.unary(request, path_of(path)?, ProstCodec::<A, B>::default())
                .await
        };
        let response = call.answer(answer).await;
        self.note(&response);
        response
    }

    /// Sends one message, and returns at the response headers with a stream of messages.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], here or as the last item of the stream.
    pub async fn server_streaming<A, B>(
        &self,
        path: &'static str,
        mut request: Request<A>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let (mut call, wire) = self.call(&mut request, Scope::Headers)?;
        let mut grpc = self.grpc(wire);
        let answer = async {
            grpc.ready().await.map_err(Status::from_error)?;
            grpc.server_streaming(request, path_of(path)?, ProstCodec::<A, B>::default())
                .await
        };
        let response = call.answer(answer).await;
        self.note(&response);
        Ok(into_stream(response?, call))
    }

    /// Sends a stream of messages, and awaits one. An error in the stream resets the call and is its result.
    ///
    /// # Errors
    /// Those of [`Channel::unary`], and the error in `request`.
    pub async fn client_streaming<A, B>(
        &self,
        path: &'static str,
        mut request: Request<BoxStream<A>>,
    ) -> Result<Response<B>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let (call, wire) = self.call(&mut request, Scope::Call)?;
        let (request, mut call, wire) = outgoing(request, call, wire);
        let mut grpc = self.grpc(wire);
        let answer = async {
            grpc.ready().await.map_err(Status::from_error)?;
            grpc.client_streaming(request, path_of(path)?, ProstCodec::<A, B>::default())
                .await
        };
        let response = call.answer(answer).await;
        self.note(&response);
        response
    }

    /// Sends a stream of messages, and returns at the response headers with another. An error in the stream resets the
    /// call, and is its result, or after the headers the last item of the response.
    ///
    /// # Errors
    /// Those of [`Channel::client_streaming`], here or as the last item of the stream.
    pub async fn streaming<A, B>(
        &self,
        path: &'static str,
        mut request: Request<BoxStream<A>>,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + Default + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let (call, wire) = self.call(&mut request, Scope::Headers)?;
        let (request, mut call, wire) = outgoing(request, call, wire);
        let mut grpc = self.grpc(wire);
        let answer = async {
            grpc.ready().await.map_err(Status::from_error)?;
            grpc.streaming(request, path_of(path)?, ProstCodec::<A, B>::default())
                .await
        };
        let response = call.answer(answer).await;
        self.note(&response);
        Ok(into_stream(response?, call))
    }

    fn new(target: Target, host: Option<String>, config: &ClientConfig, line: Line) -> Self {
        Self(Arc::new(Inner {
            site: Arc::new(Site {
                target,
                host,
                heard: AtomicBool::new(false),
            }),
            deadline: config.deadline,
            max_receive_message: config.max_receive_message,
            line,
        }))
    }

    /// `scope` is the part of the call that the config's deadline holds for.
    fn call<T>(&self, request: &mut Request<T>, scope: Scope) -> Result<(Call, Wire), Status> {
        let site = &self.0.site;
        let connection = match &self.0.line {
            Line::HostNotSet => return Err(host_not_set(site)),
            Line::Network { dialer, connection } => connection.get_or_init(|| dialer.open()),
            Line::Given(connection) => connection,
        };
        let deadline = Deadline::of(request.metadata(), self.0.deadline, scope);
        // `grpc-timeout` is for the whole call: a limit that ends at the headers is not the server's business.
        if deadline.scope == Scope::Call {
            request.set_timeout(deadline.limit);
        }
        let notes = Arc::new(Notes::default());
        let wire = Wire::new(connection.clone(), Arc::clone(&notes));
        Ok((Call::new(Arc::clone(site), notes, deadline), wire))
    }

    fn grpc(&self, wire: Wire) -> Grpc<Wire> {
        Grpc::new(wire).max_decoding_message_size(self.0.max_receive_message)
    }

    fn note<T>(&self, response: &Result<T, Status>) {
        let answered = match response {
            Ok(_) => true,
            Err(status) => super::Failure::of(status).is_some_and(super::Failure::answered),
        };
        if answered {
            self.0.site.heard.store(true, Ordering::Release);
        }
    }
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

/// Guards the request's stream.
fn outgoing<T>(
    mut request: Request<BoxStream<T>>,
    call: Call,
    wire: Wire,
) -> (Request<Outbound<T>>, Call, Wire) {
    let cancel = CancelOnDrop::new(request.cancellation_handle());
    let fault = Fault::default();
    let (caller, stopped) = oneshot::channel();
    let request = request.map(|messages| Outbound::new(messages, fault.clone()));
    let call = call.with_outgoing(stopped, cancel);
    (request, call, wire.guard(fault, caller))
}

fn into_stream<T: Send + 'static>(
    response: Response<Streaming<T>>,
    call: Call,
) -> Response<BoxStream<T>> {
    response.map(|messages| Box::pin(call.messages(messages)) as BoxStream<T>)
}

fn path_of(path: &'static str) -> Result<PathAndQuery, Status> {
    PathAndQuery::from_maybe_shared(bytes::Bytes::from_static(path.as_bytes()))
        .map_err(|_| Status::internal(format!("`{path}` is no path of a gRPC method")))
}
