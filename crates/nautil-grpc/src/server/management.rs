//! The second port: health and metrics, in plain text, on a thread of its own, so that a worker that is blocked or full does not
//! fail a probe.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::server::NamedService;
use tracing::{debug, error};

use super::acceptor::Acceptor;
use super::config::ServerConfig;
use super::connection::{Opening, open, serve_http2};
use super::error::Error;
use super::listener::Listener;
use super::metrics::{self, Metrics};
use super::prefixed::Prefixed;
use super::reply::{Reply, http_status};
use super::routes::{Foreign, Handle, Routes, Table};
use super::saturation::INTERVAL;
use super::tls::AnySocket;
use super::worker::{Accepted, Socket};

/// How long whoever is being answered may take when the port closes.
const END: Duration = Duration::from_secs(1);

/// The port while it is open.
#[derive(Debug)]
pub(super) struct Management {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

/// Answers on this port.
struct Desk {
    health: Table,
    metrics: Arc<Metrics>,
}

/// What a connection is served with.
#[derive(Debug)]
struct Context {
    routes: Routes,
    config: ServerConfig,
    stop: CancellationToken,
}

impl Management {
    /// Answers on `listener` until [`Management::stop`]: health as `routes` have it, and `metrics`.
    pub(super) async fn start(
        listener: Listener,
        config: &ServerConfig,
        routes: &Routes,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let metrics = Arc::new(metrics);
        let stop = CancellationToken::new();
        let context = Arc::new(Context {
            routes: desk(routes, &metrics),
            config: config.clone(),
            stop: stop.clone(),
        });
        let (started, start) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let work = move || {
            let _end: oneshot::Sender<()> = end;
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(run(listener, context, &metrics, started)),
                Err(source) => {
                    let _ = started.send(Err(Error::Management { source }));
                }
            }
        };
        let thread = thread::Builder::new().name("nautil-management".to_owned());
        thread
            .spawn(work)
            .map_err(|source| Error::Management { source })?;
        start.await.unwrap_or_else(|_| {
            let source = io::Error::other("the thread ended at its start");
            Err(Error::Management { source })
        })?;
        Ok(Self { stop, ended })
    }

    /// Closes the port.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        // The sender is dropped, never used, when the thread is at its end.
        let _ = self.ended.await;
    }
}

fn desk(routes: &Routes, metrics: &Arc<Metrics>) -> Routes {
    fn name<S: NamedService>(_: &S) -> &'static str {
        S::NAME
    }
    let checks = routes.state().health.service();
    let mut health = Table::default();
    health.push(name(&checks), Foreign::new(checks));
    let metrics = Arc::clone(metrics);
    Routes::layered(Desk { health, metrics }, Arc::clone(routes.state()))
}

async fn run(
    listener: Listener,
    context: Arc<Context>,
    metrics: &Metrics,
    started: oneshot::Sender<Result<(), Error>>,
) {
    // Counted apart from those of the calls: they do not take each other's places.
    let acceptor = match Acceptor::new(listener, &context.config.limits) {
        Ok(acceptor) => acceptor,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(()));
    let connections = TaskTracker::new();
    let stop = context.stop.clone();
    let accept = acceptor.run(
        |accepted| {
            connections.spawn(serve(accepted, Arc::clone(&context)));
        },
        stop.cancelled(),
    );
    tokio::select! {
        () = accept => {}
        () = look_on(metrics) => {}
    }
    connections.close();
    if timeout(END, connections.wait()).await.is_err() {
        debug!("connections of the management port were cut");
    }
}

async fn look_on(metrics: &Metrics) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.look();
    }
}

async fn serve(accepted: Accepted, context: Arc<Context>) {
    let Accepted {
        socket,
        permit: _permit,
    } = accepted;
    let error = match socket {
        Socket::Tcp(socket) => match tokio::net::TcpStream::from_std(socket) {
            Ok(socket) => return serve_io(socket, &context).await,
            Err(error) => error,
        },
        Socket::Unix(socket) => match tokio::net::UnixStream::from_std(socket) {
            Ok(socket) => return serve_io(socket, &context).await,
            Err(error) => error,
        },
    };
    debug!(%error, "a connection of the management port cannot be watched");
}

async fn serve_io<I>(mut io: I, context: &Context)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Context {
        routes,
        config,
        stop,
    } = context;
    let opening = tokio::select! {
        opening = open(&mut io, &config.timeouts) => opening,
        () = stop.cancelled() => None,
    };
    let routes = routes.clone();
    match opening {
        None => {}
        Some(Opening::Http2(prefix)) => {
            let io = Prefixed::new(prefix, io);
            // Cut with the runtime.
            serve_http2(io, routes, config, stop.cancelled(), std::future::pending()).await;
        }
        Some(Opening::Http1(prefix)) => {
            serve_http1(Box::pin(Prefixed::new(prefix, io)), routes, context).await;
        }
    }
}

async fn serve_http1(io: Pin<Box<dyn AnySocket>>, routes: Routes, context: &Context) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = routes.handle(request.map(Body::new));
        async { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(context.config.timeouts.handshake)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = context.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection of the management port ended early");
    }
}

impl Handle for Desk {
    fn handle(&self, _: &str, request: Request<Body>) -> Reply {
        let path = request.uri().path();
        match (request.method(), request.version()) {
            (&Method::GET | &Method::HEAD, _) if path == "/metrics" => self.metrics(),
            (&Method::POST, Version::HTTP_2) => self.health.handle(request),
            _ => http_status(StatusCode::NOT_FOUND),
        }
    }
}

impl Desk {
    fn metrics(&self) -> Reply {
        const TYPE: HeaderValue = HeaderValue::from_static(metrics::CONTENT_TYPE);
        let text = match self.metrics.text() {
            Ok(text) => text,
            Err(error) => {
                error!(%error, "the metrics cannot be written");
                return http_status(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        let mut response = http::Response::new(Body::new(text));
        response.headers_mut().insert(CONTENT_TYPE, TYPE);
        Box::pin(std::future::ready(response))
    }
}
