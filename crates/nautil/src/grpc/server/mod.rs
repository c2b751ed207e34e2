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
mod management;
mod message;
mod meter;
mod metrics;
mod preface;
mod prefixed;
mod reflection;
mod reply;
mod request_body;
mod router;
mod routes;
mod saturation;
mod until_drain;
mod worker;

use std::future::Future;
use std::sync::Arc;

use tracing::debug;

use self::drain::Drain;
use self::listener::Listener;
use self::metrics::{Identity, Metrics};
use self::worker::Workers;

pub use self::call::Call;
pub use self::config::{Keepalive, Limits, Management, Mode, ServerConfig, Timeouts};
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
    management: Option<Listener>,
    config: ServerConfig,
    identity: Option<Identity>,
}

impl Server {
    /// Takes the addresses of `config.listen` and `config.management.listen`. A host name is resolved here, which may block for a moment.
    ///
    /// # Errors
    /// [`Error::Bind`] where the address cannot be had; its text says what to do.
    pub fn bind(config: &ServerConfig) -> Result<Self, Error> {
        let management = config.management.listen.as_ref();
        let management =
            management.map(|listen| Listener::bind(listen, "server.management.listen"));
        Ok(Self {
            listener: Listener::bind(&config.listen, "server.listen")?,
            management: management.transpose()?,
            config: config.clone(),
            identity: None,
        })
    }

    /// Says what the application calls itself: the metrics tell it on.
    #[must_use]
    pub fn named(mut self, name: &'static str, version: &'static str) -> Self {
        self.identity = Some(Identity { name, version });
        self
    }

    /// The address as bound: with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> &Listen {
        self.listener.address()
    }

    /// The address of the management port as bound, where there is one.
    #[must_use]
    pub fn management_address(&self) -> Option<&Listen> {
        self.management.as_ref().map(Listener::address)
    }

    /// Serves until `shutdown` is ready, then drains: nobody new is let in, health says NOT_SERVING, every connection is
    /// told to go (GOAWAY), and calls in flight have `drain_timeout` to finish. What is left then is cut, and counted. The
    /// management port answers from before the first connection to after the last.
    ///
    /// # Errors
    /// [`Error::Worker`] or [`Error::Management`] where a thread or its runtime cannot be had, [`Error::Listener`] where a
    /// socket cannot be watched.
    pub async fn run<F>(self, routes: Routes, shutdown: F) -> Result<Drained, Error>
    where
        F: Future<Output = ()>,
    {
        let Self {
            listener,
            management,
            config,
            identity,
        } = self;
        let drain = Drain::default();
        let workers = Workers::start(&config, &routes, &drain).await?;
        let acceptor = acceptor::Acceptor::new(listener, &config.limits)?;
        let management = match management {
            Some(listener) => {
                let (state, admission) = (routes.state(), acceptor.admission());
                let (state, admission) = (Arc::clone(state), Arc::clone(admission));
                let metrics = Metrics::new(identity, state, admission, workers.vitals());
                Some(management::Management::start(listener, &config, &routes, metrics).await?)
            }
            None => None,
        };
        debug!(address = %acceptor.address(), mode = %config.mode, workers = workers.len(), "serving");

        routes.set_serving();
        acceptor
            .run(|accepted| workers.serve(accepted), shutdown)
            .await;
        routes.set_draining();

        let drained = drain.finish(config.drain_timeout).await;
        workers.stop().await;
        if let Some(management) = management {
            management.stop().await;
        }
        Ok(drained)
    }
}
