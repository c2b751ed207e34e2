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
//! use nautil_grpc::server::{Router, Server, ServerConfig};
//!
//! # async fn serve(shutdown: impl Future<Output = ()>) -> Result<(), nautil_grpc::server::Error> {
//! let config = ServerConfig {
//!     listen: "127.0.0.1:0".parse().expect("this is an address"),
//!     ..ServerConfig::default()
//! };
//! let routes = Router::new(&config).with_health().build()?;
//! let server = Server::bind(&config)?;
//! assert_ne!(server.address().to_string(), "127.0.0.1:0");
//! let drained = server.start(routes).await?.until(shutdown).await;
//! assert!(drained.is_clean());
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(serve(async {})).expect("a server");
//! ```

mod acceptor;
mod active;
mod admission;
mod aside;
mod backoff;
mod begun;
mod call;
mod checks;
mod config;
mod connection;
mod drain;
mod error;
mod headers;
mod health;
mod health_methods;
mod health_service;
mod intercepted;
mod interceptors;
mod layer;
mod listen;
mod listener;
mod management;
mod metadata_name;
mod meter;
mod method_config;
mod metrics;
mod pages;
mod policy;
mod preface;
mod prefixed;
mod probes;
mod proxy;
mod pulse;
mod reflection;
mod reply;
mod request;
mod request_body;
mod router;
mod routes;
mod saturation;
mod served;
mod span;
mod tls;
mod until_drain;
mod worker;

use std::future::Future;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::DropGuard;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use self::drain::Drain;
use self::metrics::{Exposition, Identity};
use self::tls::{Reload, Tls};
use self::worker::Workers;
use crate::metrics::Metrics;

pub use self::call::Call;
pub use self::checks::Check;
pub use self::config::{
    HealthConfig, Keepalive, Limits, Management, Mode, ServerConfig, Timeouts, TlsConfig,
};
pub use self::connection::serve_connection;
pub use self::drain::Drained;
pub use self::error::{AdoptFault, BindFault, Error};
pub use self::health::Scope;
pub use self::health_methods::health_methods;
pub use self::layer::{ResponseBody, RoutedBy};
pub use self::listen::{Listen, ListenError};
pub use self::listener::Listener;
pub use self::metadata_name::{MetadataName, MetadataNameError};
pub use self::method_config::{
    CompressionConfig, DeadlineConfig, MethodCompression, MethodConfig, MethodDeadline, Methods,
};
pub use self::pages::{PageError, PageRequest, PageResponse, Pages, text};
pub use self::proxy::ProxyConfig;
pub use self::pulse::Pulse;
pub use self::reply::Reply;
pub use self::router::Router;
pub use self::routes::{ResponseFuture, Routes};
pub use crate::tls::{FileError, TlsFault};
pub use crate::{MethodPattern, MethodPatternError};

/// Sockets that listen already.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For the calls; none where the server is to bind what its config names.
    pub calls: Vec<OwnedFd>,
    /// For the management port; none where the server is to bind what its config names.
    pub management: Vec<OwnedFd>,
}

/// A server whose address is taken, and that accepts nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    management: Option<Listener>,
    tls: Option<(Tls, Reload)>,
    config: ServerConfig,
    identity: Option<Identity>,
    pages: Pages,
    checks: Vec<Check>,
    metrics: Metrics,
}

impl Server {
    /// Takes the addresses of `config.listen` and `config.management.listen`. A host name is resolved here, which may block
    /// for a moment.
    ///
    /// # Errors
    /// [`Error::Bind`] where an address cannot be had, [`Error::Tls`] where a file cannot be used; the text says what to do.
    pub fn bind(config: &ServerConfig) -> Result<Self, Error> {
        Self::adopt(Sockets::default(), config)
    }

    /// A server on sockets that listen already, TCP or Unix: from a service manager, or from the process that this one
    /// replaces. The address in `config` counts for nothing then; a Unix socket's file stays when the server stops. What is
    /// not there is bound as by [`Server::bind`].
    ///
    /// # Errors
    /// [`Error::Adopt`] where it is no socket to accept connections from, and those of [`Server::bind`].
    pub fn adopt(sockets: Sockets, config: &ServerConfig) -> Result<Self, Error> {
        let tls = Tls::new(config)?;
        let listener = match sockets.calls {
            sockets if sockets.is_empty() => Listener::bind(&config.listen, "server.listen")?,
            sockets => Listener::adopt(sockets)?,
        };
        let management = match (sockets.management, &config.management.listen) {
            (sockets, _) if !sockets.is_empty() => Some(Listener::adopt(sockets)?),
            (_, Some(listen)) => Some(Listener::bind(listen, "server.management.listen")?),
            (_, None) => None,
        };
        Ok(Self {
            listener,
            management,
            tls,
            config: config.clone(),
            identity: None,
            pages: Pages::default(),
            checks: Vec::new(),
            metrics: Metrics::default(),
        })
    }

    /// Says what the application calls itself: the metrics tell it on.
    #[must_use]
    pub fn named(mut self, name: &'static str, version: &'static str) -> Self {
        self.identity = Some(Identity { name, version });
        self
    }

    /// Answers with these pages on the management port, beside its own.
    #[must_use]
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// Runs these health checks. A name may be there once.
    #[must_use]
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks = checks.into_iter().collect();
        self
    }

    /// Shows these metrics on `/metrics`, beside the server's own.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// The first address as bound: with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> &Listen {
        self.listener.address()
    }

    /// All addresses as bound: a host name has one or more.
    pub fn addresses(&self) -> impl Iterator<Item = &Listen> {
        self.listener.addresses()
    }

    /// The address of the management port as bound, where there is one.
    #[must_use]
    pub fn management_address(&self) -> Option<&Listen> {
        self.management.as_ref().map(Listener::address)
    }

    /// Starts the workers, the health checks and the management port; the socket is watched, and [`Running::until`] accepts from it.
    ///
    /// # Errors
    /// [`Error::Worker`], [`Error::Health`] or [`Error::Management`] where a thread or its runtime cannot be had,
    /// [`Error::Listener`] where a socket cannot be watched, [`Error::UnknownService`] where a health check speaks for what is
    /// not served.
    pub async fn start(self, routes: Routes) -> Result<Running, Error> {
        let Self {
            listener,
            management,
            tls,
            config,
            identity,
            pages,
            checks,
            metrics,
        } = self;
        let health = &routes.state().health;
        for check in &checks {
            if let Some(service) = health.unknown(check.scope()) {
                let check = check.name().to_owned();
                return Err(Error::UnknownService { check, service });
            }
        }
        let (tls, reload) = tls.unzip();
        let drain = Drain::default();
        let counted = management.as_ref().map(|_| routes.state().methods.len());
        let workers = Workers::start(&config, &routes, tls, &drain, counted).await?;
        let acceptor = acceptor::Acceptor::new(listener, &config.limits)?;
        let checks = checks::start(checks, health, &config.health, &Handle::current())
            .map_err(|source| Error::Health { source })?;
        let management = match management {
            Some(listener) => {
                let (state, admission) = (routes.state(), acceptor.admission());
                let (state, admission) = (Arc::clone(state), Arc::clone(admission));
                let vitals = workers.vitals();
                let exposition = Exposition::new(identity, state, admission, vitals, metrics);
                let started =
                    management::Management::start(listener, &config, &routes, exposition, pages);
                Some(started.await?)
            }
            None => None,
        };
        debug!(address = %acceptor.address(), mode = %config.mode, workers = workers.len(), "serving");
        routes.set_serving();
        Ok(Running {
            acceptor,
            management,
            workers,
            routes,
            drain,
            drain_timeout: config.drain_timeout,
            _checks: checks,
            _reload: reload.map(|reload| AbortOnDropHandle::new(tokio::spawn(reload.run()))),
        })
    }
}

/// A server whose workers run.
#[derive(Debug)]
pub struct Running {
    acceptor: acceptor::Acceptor,
    management: Option<management::Management>,
    workers: Workers,
    routes: Routes,
    drain: Drain,
    drain_timeout: Duration,
    _checks: Option<DropGuard>,
    _reload: Option<AbortOnDropHandle<()>>,
}

impl Running {
    /// Says at any time whether the workers still get round to new work.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.workers.pulse()
    }

    /// Serves until `shutdown` is ready, then drains: nobody new is let in, health says NOT_SERVING, every connection is
    /// told to go (GOAWAY), and calls in flight have `drain_timeout` to finish. What is left then is cut, and counted. The
    /// management port answers to the end.
    pub async fn until<F: Future<Output = ()>>(self, shutdown: F) -> Drained {
        let workers = &self.workers;
        self.acceptor
            .run(|accepted| workers.serve(accepted), shutdown)
            .await;
        self.routes.set_draining();
        let drained = self.drain.finish(self.drain_timeout).await;
        self.workers.stop().await;
        if let Some(management) = self.management {
            management.stop().await;
        }
        drained
    }
}
