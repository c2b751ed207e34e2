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
//! let drained = server.run(routes, shutdown).await?;
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
mod reflection;
mod reply;
mod request_body;
mod router;
mod routes;
mod span;
mod until_drain;
mod worker;

use std::future::Future;

use tracing::debug;

use self::drain::Drain;
use self::listener::Listener;
use self::worker::Workers;

pub use self::call::Call;
pub use self::config::{Keepalive, Limits, Mode, ServerConfig, Timeouts};
pub use self::connection::serve_connection;
pub use self::drain::Drained;
pub use self::error::{BindFault, Error};
pub use self::layer::{ResponseBody, RoutedBy};
pub use self::listen::{Listen, ListenError};
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

    /// Serves until `shutdown` is ready, then drains: nobody new is let in, health says NOT_SERVING, every connection is
    /// told to go (GOAWAY), and calls in flight have `drain_timeout` to finish. What is left then is cut, and counted.
    ///
    /// # Errors
    /// [`Error::Worker`] where a worker's runtime cannot be built, [`Error::Listener`] where the socket cannot be watched.
    pub async fn run<F>(self, routes: Routes, shutdown: F) -> Result<Drained, Error>
    where
        F: Future<Output = ()>,
    {
        let Self { listener, config } = self;
        let drain = Drain::default();
        let workers = Workers::start(&config, &routes, &drain).await?;
        let acceptor = acceptor::Acceptor::new(listener, &config.limits)?;
        debug!(address = %acceptor.address(), mode = %config.mode, workers = workers.len(), "serving");

        routes.set_serving();
        acceptor.run(&workers, shutdown).await;
        routes.set_draining();

        let drained = drain.finish(config.drain_timeout).await;
        workers.stop().await;
        Ok(drained)
    }
}
