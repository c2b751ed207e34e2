//! The server: from a bound address to answered calls, and to a stop that loses none.
//!
//! ```text
//! listener -> acceptor -> worker -> connection -> routes -> call -> the handler
//! ```
//!
//! A [`Router`] collects the services and becomes [`Routes`]; a [`Server`] owns the address and runs them. No signals are
//! handled here: the shutdown is a future that comes from outside.
//!
//! ```
//! use nautil::grpc::server::{Router, Server, ServerConfig};
//!
//! # async fn serve(shutdown: impl Future<Output = ()>) -> Result<(), nautil::grpc::server::Error> {
//! let config = ServerConfig {
//!     listen: "127.0.0.1:0".parse().expect("this is an address"),
//!     ..ServerConfig::default()
//! };
//! let routes = Router::new(&config.limits).with_health().build()?;
//! let server = Server::bind(&config)?;
//! assert_ne!(server.address().to_string(), "127.0.0.1:0");
//! let drained = server.start(routes).await?.until(shutdown).await;
//! assert!(drained.is_clean());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(serve(async {})).expect("a server");
//! ```

mod acceptor;
mod admission;
mod backoff;
mod call;
mod config;
mod connection;
mod drain;
mod error;
mod health;
mod layer;
mod listen;
mod listener;
mod message;
mod preface;
mod prefixed;
mod pulse;
mod reflection;
mod reply;
mod request_body;
mod router;
mod routes;
mod until_drain;
mod worker;

use std::future::Future;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tracing::debug;

use self::drain::Drain;
use self::listener::Listener;
use self::worker::Workers;

pub use self::call::Call;
pub use self::config::{Keepalive, Limits, Mode, ServerConfig, Timeouts};
pub use self::connection::serve_connection;
pub use self::drain::Drained;
pub use self::error::{AdoptFault, BindFault, Error};
pub use self::layer::{ResponseBody, RoutedBy};
pub use self::listen::{Listen, ListenError};
pub use self::pulse::Pulse;
pub use self::reply::Reply;
pub use self::router::Router;
pub use self::routes::{ResponseFuture, Routes};

/// A server whose address is taken, and that accepts nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    config: ServerConfig,
}

impl Server {
    /// Takes the address of `config.listen`. A host name is resolved here, which may block for a moment.
    ///
    /// # Errors
    /// [`Error::Bind`] where the address cannot be had; its text says what to do.
    pub fn bind(config: &ServerConfig) -> Result<Self, Error> {
        Ok(Self {
            listener: Listener::bind(&config.listen)?,
            config: config.clone(),
        })
    }

    /// The address as bound: with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> &Listen {
        self.listener.address()
    }

    /// A server on a socket that listens already, TCP or Unix: from a service manager, or from the process that this one
    /// replaces. `config.listen` counts for nothing then; a Unix socket's file stays when the server stops.
    ///
    /// # Errors
    /// [`Error::Adopt`] where it is no socket to accept connections from.
    pub fn adopt(socket: impl Into<OwnedFd>, config: &ServerConfig) -> Result<Self, Error> {
        Ok(Self {
            listener: Listener::adopt(socket.into())?,
            config: config.clone(),
        })
    }

    /// Starts the workers; the socket is watched, and [`Running::until`] accepts from it.
    ///
    /// # Errors
    /// [`Error::Worker`] where a worker's runtime cannot be built, [`Error::Listener`] where the socket cannot be watched.
    pub async fn start(self, routes: Routes) -> Result<Running, Error> {
        let Self { listener, config } = self;
        let drain = Drain::default();
        let workers = Workers::start(&config, &routes, &drain).await?;
        let acceptor = acceptor::Acceptor::new(listener, &config.limits)?;
        debug!(address = %acceptor.address(), mode = %config.mode, workers = workers.len(), "serving");
        routes.set_serving();
        Ok(Running {
            acceptor,
            workers,
            routes,
            drain,
            drain_timeout: config.drain_timeout,
        })
    }
}

/// A server whose workers run.
#[derive(Debug)]
pub struct Running {
    acceptor: acceptor::Acceptor,
    workers: Workers,
    routes: Routes,
    drain: Drain,
    drain_timeout: Duration,
}

impl Running {
    /// Says at any time whether the workers still get round to new work.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.workers.pulse()
    }

    /// Serves until `shutdown` is ready, then drains: nobody new is let in, health says NOT_SERVING, every connection is
    /// told to go (GOAWAY), and calls in flight have `drain_timeout` to finish. What is left then is cut, and counted.
    pub async fn until<F: Future<Output = ()>>(self, shutdown: F) -> Drained {
        self.acceptor.run(&self.workers, shutdown).await;
        self.routes.set_draining();
        let drained = self.drain.finish(self.drain_timeout).await;
        self.workers.stop().await;
        drained
    }
}
