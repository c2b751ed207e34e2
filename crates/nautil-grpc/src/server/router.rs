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
use super::health_methods::{self, health_methods};
use super::health_service::HealthService;
use super::layer::{Layered, ResponseBody, RoutedBy};
use super::reflection;
use super::routes::{Foreign, Own, Routes, State, Table};
use super::until_drain::UntilDrain;
use crate::{Interceptors, Method, Service, UnknownInterceptor};

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
    services: Vec<Mount>,
    foreign: Table,
    methods: Vec<&'static Method>,
    interceptors: Interceptors,
    descriptor_sets: Vec<&'static [u8]>,
    layers: Vec<Box<dyn FnOnce(Routes) -> Routes + Send>>,
    health: bool,
    reflection: bool,
}

/// Puts one service into the table.
type Mount = Box<
    dyn FnOnce(&mut Table, &ServerConfig, &Interceptors) -> Result<(), UnknownInterceptor> + Send,
>;

impl Router {
    /// No services. Of `config`, the sizes of messages, the deadlines, the compression and what is said of single methods are used.
    pub fn new(config: &ServerConfig) -> Self {
        Self {
            config: config.clone(),
            services: Vec::new(),
            foreign: Table::default(),
            methods: Vec::new(),
            interceptors: Interceptors::default(),
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
        self.services
            .push(Box::new(move |table, config, interceptors| {
                let service = Own::new(service, config, interceptors, first)?;
                table.push(S::NAME, service);
                Ok(())
            }));
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
        self.foreign.push(S::NAME, Foreign::new(service));
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

    /// Lets calls pass through interceptors: those that are for calls that are served. In place of what was said before.
    pub fn intercept(mut self, interceptors: Interceptors) -> Self {
        self.interceptors = interceptors;
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
    /// [`Error::UnknownMethod`] for a table of `server.methods` that is for no method that is served, [`Error::UnknownInterceptor`],
    /// [`Error::UnknownCalls`] and [`Error::InterceptorTwice`] for what is wrong with the interceptors, [`Error::Mounted`] for a service that is there twice, [`Error::Reflection`] for a descriptor set that cannot be read.
    pub fn build(mut self) -> Result<Routes, Error> {
        let mut served = self.methods.clone();
        if self.health {
            served.extend(health_methods());
        }
        let declared: Vec<_> = self.interceptors.iter().collect();
        self.config.check_methods(&served, &declared)?;
        let interceptors = self.interceptors;
        let mut table = Table::default();
        for mount in self.services {
            mount(&mut table, &self.config, &interceptors)?;
        }
        table.append(self.foreign);

        let health = Health::new(table.names());
        if self.health {
            self.descriptor_sets
                .push(tonic_health::pb::FILE_DESCRIPTOR_SET);
            let service = HealthService::new(&health, &self.config, &interceptors)?;
            table.push(health_methods::NAME, service);
        }
        if self.reflection {
            self.descriptor_sets.sort_unstable();
            self.descriptor_sets.dedup();
            let mut sets = self.descriptor_sets.clone();
            // Each version describes the other as well: a tool asks one of them for everything that it lists.
            sets.extend(reflection::DESCRIPTOR_SETS);
            let names: Vec<_> = table.names().chain(reflection::NAMES).collect();
            let [v1, v1alpha] = reflection::NAMES;
            table.push(
                v1,
                Foreign::new(UntilDrain::new(reflection::v1(&sets, &names)?, &health)),
            );
            table.push(
                v1alpha,
                Foreign::new(UntilDrain::new(
                    reflection::v1alpha(&sets, &names)?,
                    &health,
                )),
            );
        }
        if let Some(name) = table.duplicate() {
            return Err(Error::Mounted { name });
        }
        let state = State {
            health,
            methods: self.methods,
        };
        let routes = Routes::plain(table, Arc::new(state));
        let layers = self.layers.into_iter();
        Ok(layers.fold(routes, |routes, layer| layer(routes)))
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Router")
            .field("methods", &self.methods)
            .field("foreign", &self.foreign)
            .field("interceptors", &self.interceptors)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}
