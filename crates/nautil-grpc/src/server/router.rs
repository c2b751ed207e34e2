//! The services of a server and the layers around them, until they become [`Routes`].

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use tonic::body::Body;
use tonic::server::NamedService;
use tower_layer::Layer;
use tower_service::Service as TowerService;

use super::config::ServerConfig;
use super::error::Error;
use super::health::Health;
use super::health_service::{self, HealthService};
use super::layer::{Layered, ResponseBody, RoutedBy};
use super::reflection;
use super::routes::{Foreign, Own, Routes, State, Table};
use super::until_drain::UntilDrain;
use crate::{Method, Service};

/// Collects services and layers.
///
/// ```standalone_crate
/// # #[path = "../../examples/generated/mod.rs"]
/// # mod generated;
/// use std::sync::Arc;
///
/// use generated::timer::{TimerServiceInterface, WaitRequest, WaitResponse};
/// use nautil_grpc::server::{Error, Router, ServerConfig};
/// use nautil_grpc::{Request, Response, Status, async_trait};
///
/// struct Timer;
///
/// #[async_trait]
/// impl TimerServiceInterface for Timer {
///     async fn wait(&self, _: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
///         Ok(Response::new(WaitResponse {}))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let router = || Router::new(&ServerConfig::default()).mount::<dyn TimerServiceInterface>(Arc::new(Timer));
/// router().with_health().with_reflection().build()?;
///
/// // One service cannot be mounted twice.
/// let twice = router().mount::<dyn TimerServiceInterface>(Arc::new(Timer));
/// assert!(matches!(twice.build(), Err(Error::Mounted { name: "timer.TimerService" })));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Router {
    config: ServerConfig,
    table: Table,
    methods: Vec<&'static Method>,
    descriptor_sets: Vec<&'static [u8]>,
    layers: Vec<Box<dyn FnOnce(Routes) -> Routes + Send>>,
    health: bool,
    reflection: bool,
}

impl Router {
    /// No services. Of `config`, the sizes of messages, the deadlines, the compression and what is said of single methods are used.
    pub fn new(config: &ServerConfig) -> Self {
        Self {
            config: config.clone(),
            table: Table::default(),
            methods: Vec::new(),
            descriptor_sets: Vec::new(),
            layers: Vec::new(),
            health: false,
            reflection: false,
        }
    }

    /// Serves `service` under its protobuf name.
    pub fn mount<S: Service + ?Sized>(mut self, service: Arc<S>) -> Self {
        let first = self.methods.len();
        self.methods.extend(S::METHODS);
        let service = Own::new(service, &self.config, first);
        self.table.push(S::NAME, service);
        self.descriptor_sets.push(S::DESCRIPTOR_SET);
        self
    }

    /// Serves a service that tonic's own generator made. Reflection lists it, but has no descriptors of it.
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: TowerService<
                http::Request<Body>,
                Response = http::Response<Body>,
                Error = Infallible,
                Future: Send,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.table.push(S::NAME, Foreign::new(service));
        self
    }

    /// Puts a tower layer around all services, and around the layers before it: the last one sees a request first.
    ///
    /// Each layer costs a box per call; [`tower_layer::Stack`] makes one layer of several.
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Routes> + Send + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.layers.push(Box::new(move |routes| {
            let state = Arc::clone(routes.state());
            Routes::layered(Layered::new(layer.layer(routes)), state)
        }));
        self
    }

    /// Adds `grpc.health.v1.Health`: every service and the server itself (the empty name), SERVING while the server takes
    /// calls. `Watch` ends when the server drains.
    pub fn with_health(mut self) -> Self {
        self.health = true;
        self
    }

    /// Adds server reflection, `v1` and `v1alpha`, for all mounted services.
    pub fn with_reflection(mut self) -> Self {
        self.reflection = true;
        self
    }

    /// Closes the list.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`] for a table of `server.methods` that is for no method that is served, [`Error::Mounted`] for a service that is there twice, [`Error::Reflection`] for a descriptor set that cannot be read.
    pub fn build(mut self) -> Result<Routes, Error> {
        let health = Health::new(self.table.names());
        if self.health {
            self.descriptor_sets
                .push(tonic_health::pb::FILE_DESCRIPTOR_SET);
            let service = HealthService::new(&health);
            self.table.push(health_service::NAME, service);
        }
        if self.reflection {
            self.descriptor_sets.sort_unstable();
            self.descriptor_sets.dedup();
            let mut sets = self.descriptor_sets.clone();
            // Each version describes the other as well: a tool asks one of them for everything that it lists.
            sets.extend(reflection::DESCRIPTOR_SETS);
            let names: Vec<_> = self.table.names().chain(reflection::NAMES).collect();
            let v1 = UntilDrain::new(reflection::v1(&sets, &names)?, &health);
            let v1alpha = UntilDrain::new(reflection::v1alpha(&sets, &names)?, &health);
            self = self.add_service(v1).add_service(v1alpha);
        }
        if let Some(name) = self.table.duplicate() {
            return Err(Error::Mounted { name });
        }
        let methods = self.methods;
        let patterns = self.config.methods.keys();
        for pattern in patterns {
            if !methods.iter().any(|method| pattern.matches(method)) {
                let nearest = methods.iter().map(ToString::to_string).collect();
                return Err(Error::UnknownMethod {
                    pattern: pattern.clone(),
                    served: nearest,
                });
            }
        }
        let routes = Routes::plain(self.table, Arc::new(State { health, methods }));
        Ok(self
            .layers
            .into_iter()
            .fold(routes, |routes, layer| layer(routes)))
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Router")
            .field("services", &self.table)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}
