//! The second port: pages and health, in plain text, on a thread of its own, so that a worker that is blocked or full does not
//! fail a probe.
//!
//! What it answers is a table: pages by their paths (`pages`), of which the server has some of its own, and gRPC services.

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
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tracing::{debug, error};

use super::acceptor::Acceptor;
use super::config::ServerConfig;
use super::connection::{Opening, open, serve_http2};
use super::error::Error;
use super::health_methods;
use super::health_service::HealthService;
use super::listener::Listener;
use super::metrics::{self, Exposition};
use super::pages::{PageResponse, Pages, text};
use super::prefixed::Prefixed;
use super::probes;
use super::reply::Reply;
use super::routes::{self, Routes, Table};
use super::saturation::INTERVAL;
use super::tls::AnySocket;
use super::worker::{Accepted, Socket};
use crate::call::Peer;

/// How long whoever is being answered may take when the port closes.
const END: Duration = Duration::from_secs(1);

/// The port while it is open.
#[derive(Debug)]
pub(super) struct Management {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

/// Everything that is answered on this port.
struct ManagementTable {
    /// For GET and HEAD.
    pages: Pages,
    /// For POST over HTTP/2.
    services: Table,
    /// Where the application's pages run.
    runtime: Handle,
    page_timeout: Duration,
}

/// What a connection is served with.
#[derive(Debug)]
struct ManagementSetup {
    routes: Routes,
    config: ServerConfig,
    stop: CancellationToken,
}

impl Management {
    /// Answers on `listener` until [`Management::stop`]: health as `routes` have it, `exposition`, and the application's
    /// `pages`, which run on the runtime of the caller.
    pub(super) async fn start(
        listener: Listener,
        config: &ServerConfig,
        routes: &Routes,
        exposition: Exposition,
        pages: Pages,
    ) -> Result<Self, Error> {
        let exposition = Arc::new(exposition);
        let stop = CancellationToken::new();
        let setup = Arc::new(ManagementSetup {
            routes: table(routes, &exposition, pages, config.management.page_timeout),
            config: config.clone(),
            stop: stop.clone(),
        });
        let (started, start) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let work = move || {
            let _end: oneshot::Sender<()> = end;
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(run(listener, setup, &exposition, started)),
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

/// The application's pages and those of the server, and the health service.
fn table(
    routes: &Routes,
    exposition: &Arc<Exposition>,
    mut pages: Pages,
    page_timeout: Duration,
) -> Routes {
    let state = routes.state();
    let mut services = Table::default();
    services.push(health_methods::NAME, HealthService::plain(&state.health));

    pages.add_own("/livez", "200 as long as the process answers", probes::live);
    let ready = Arc::clone(state);
    pages.add_own(
        "/readyz",
        "200 while the server takes calls, else 503; and each health check",
        move || probes::ready(&ready.health.state()),
    );
    let exposition = Arc::clone(exposition);
    pages.add_own("/metrics", "Metrics, as OpenMetrics text", move || {
        metrics(&exposition)
    });
    let index = index(&pages, &services);
    pages.add_own("/", "This list", move || text(index.clone()));

    let table = ManagementTable {
        pages,
        services,
        runtime: Handle::current(),
        page_timeout,
    };
    Routes::layered(table, Arc::clone(state))
}

/// What is on the port, a line each.
fn index(pages: &Pages, services: &Table) -> String {
    let mut lines: Vec<_> = pages
        .iter()
        .map(|(path, about)| format!("{path}  {about}\n"))
        .collect();
    lines.sort_unstable();
    lines.extend(services.names().map(|name| format!("{name}  over gRPC\n")));
    lines.concat()
}

fn metrics(exposition: &Exposition) -> PageResponse {
    const TYPE: HeaderValue = HeaderValue::from_static(metrics::CONTENT_TYPE);
    match exposition.text() {
        Ok(written) => {
            let mut response = text(written);
            response.headers_mut().insert(CONTENT_TYPE, TYPE);
            response
        }
        Err(error) => {
            error!(%error, "the metrics cannot be written");
            let mut response = text("the metrics cannot be written\n");
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

async fn run(
    listener: Listener,
    setup: Arc<ManagementSetup>,
    exposition: &Exposition,
    started: oneshot::Sender<Result<(), Error>>,
) {
    // Counted apart from those of the calls: they do not take each other's places.
    let acceptor = match Acceptor::new(listener, &setup.config.limits) {
        Ok(acceptor) => acceptor,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(()));
    let connections = TaskTracker::new();
    let stop = setup.stop.clone();
    let accept = acceptor.run(
        |accepted| {
            connections.spawn(serve(accepted, Arc::clone(&setup)));
        },
        stop.cancelled(),
    );
    tokio::select! {
        () = accept => {}
        () = look_on(exposition) => {}
    }
    connections.close();
    if timeout(END, connections.wait()).await.is_err() {
        debug!("connections of the management port were cut");
    }
}

async fn look_on(exposition: &Exposition) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        exposition.look();
    }
}

async fn serve(accepted: Accepted, setup: Arc<ManagementSetup>) {
    let Accepted {
        socket,
        peer: _,
        permit: _permit,
    } = accepted;
    let error = match socket {
        Socket::Tcp(socket) => match tokio::net::TcpStream::from_std(socket) {
            Ok(socket) => return serve_io(socket, &setup).await,
            Err(error) => error,
        },
        Socket::Unix(socket) => match tokio::net::UnixStream::from_std(socket) {
            Ok(socket) => return serve_io(socket, &setup).await,
            Err(error) => error,
        },
    };
    debug!(%error, "a connection of the management port cannot be watched");
}

async fn serve_io<I>(mut io: I, setup: &ManagementSetup)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let ManagementSetup {
        routes,
        config,
        stop,
    } = setup;
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
            let peer = Arc::default();
            let cut = std::future::pending();
            serve_http2(io, routes, peer, config, stop.cancelled(), cut).await;
        }
        Some(Opening::Http1(prefix)) => {
            serve_http1(Box::pin(Prefixed::new(prefix, io)), routes, setup).await;
        }
    }
}

async fn serve_http1(io: Pin<Box<dyn AnySocket>>, routes: Routes, setup: &ManagementSetup) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = routes.handle(request.map(Body::new), Arc::default());
        async { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(setup.config.timeouts.handshake)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = setup.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection of the management port ended early");
    }
}

impl routes::Handle for ManagementTable {
    fn handle(&self, _: &str, request: Request<Body>, peer: Arc<Peer>) -> Reply {
        let is_grpc = request.method() == Method::POST && request.version() == Version::HTTP_2;
        if is_grpc && !self.pages.has(request.uri().path()) {
            return self.services.handle(request, peer);
        }
        self.pages
            .handle(&request, &self.runtime, self.page_timeout)
    }
}
