//! The services that bootloaders serve.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nautil_grpc::server::{Error, ResponseBody, RoutedBy, Router, Routes, ServerConfig};
use nautil_grpc::{Method, Service};
use shaku::Component;
use tower_layer::Layer;

use super::Interceptors;
use crate::container::{Container, ResolveError, short_name};

/// Every service that is served, with its component, and the layers around all of them.
#[derive(Default)]
pub(crate) struct Services {
    entries: Vec<ServiceEntry>,
    layers: Vec<LayerEntry>,
}

/// A layer around all services.
type LayerEntry = Box<dyn Fn(&Container) -> Result<Mount, ResolveError> + Send + Sync>;

/// A layer that is made of what is in the container. The type `F` of what makes it tells it apart from others.
pub(crate) struct MadeLayer<L, F>(L, PhantomData<fn() -> F>);

impl<L, F> MadeLayer<L, F> {
    pub(crate) fn new(layer: L) -> Self {
        MadeLayer(layer, PhantomData)
    }
}

/// A served service.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEntry {
    pub(crate) name: &'static str,
    pub(crate) implementation: String,
    pub(crate) bootloader: &'static str,
    pub(crate) methods: &'static [Method],
    make: fn(&Container, &'static str) -> Result<Mount, ResolveError>,
}

/// Puts one service that is built into a router.
type Mount = Box<dyn FnOnce(Router) -> Router>;

impl Services {
    /// Adds a service; where its name is taken, the bootloader that serves it is the error.
    pub(crate) fn add<C>(&mut self, bootloader: &'static str) -> Result<(), &'static str>
    where
        C: Component<Container>,
        C::Interface: Service,
    {
        let name = <C::Interface as Service>::NAME;
        if let Some(first) = self.entries.iter().find(|entry| entry.name == name) {
            return Err(first.bootloader);
        }
        self.entries.push(ServiceEntry {
            name,
            implementation: short_name::<C>(),
            bootloader,
            methods: <C::Interface as Service>::METHODS,
            make: |container, bootloader| {
                let service: Arc<C::Interface> = container.make::<C>(bootloader)?;
                Ok(Box::new(|router| router.mount(service)))
            },
        });
        Ok(())
    }

    pub(crate) fn add_layer<L, B>(&mut self, layer: L)
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.layers.push(Box::new(move |_| {
            let layer = layer.clone();
            Ok(Box::new(|router| router.layer(layer)))
        }));
    }

    pub(crate) fn add_made_layer<L, F, B>(&mut self)
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
        F: 'static,
    {
        self.layers.push(Box::new(|container| {
            let layer = container.get::<MadeLayer<L, F>>()?.0.clone();
            Ok(Box::new(|router| router.layer(layer)))
        }));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ServiceEntry> {
        self.entries.iter()
    }

    /// Builds every service, and returns what cannot be built.
    pub(crate) fn check(&self, container: &Container) -> Vec<ResolveError> {
        self.make(container).err().unwrap_or_default()
    }

    /// Puts all services into one router, with health and reflection.
    ///
    /// # Errors
    /// The services that cannot be built, or a descriptor set that cannot be read.
    pub(crate) fn routes(
        &self,
        container: &Container,
        config: &ServerConfig,
    ) -> Result<Routes, RoutesError> {
        let mounts = self.make(container).map_err(RoutesError::Resolve)?;
        let interceptors = container
            .get::<Interceptors>()
            .and_then(|declared| declared.for_server(container))
            .map_err(|fault| RoutesError::Resolve(vec![fault]))?;
        let router = Router::new(config)
            .intercept(interceptors)
            .with_health()
            .with_reflection();
        let mounts = mounts.into_iter();
        Ok(mounts.fold(router, |router, mount| mount(router)).build()?)
    }

    fn make(&self, container: &Container) -> Result<Vec<Mount>, Vec<ResolveError>> {
        let mut mounts = Vec::new();
        let mut faults = Vec::new();
        let services = self.entries.iter();
        let services = services.map(|entry| (entry.make)(container, entry.bootloader));
        // The router puts each layer around those before it; the first declared is to be the outermost.
        let layers = self.layers.iter().rev().map(|layer| layer(container));
        for made in services.chain(layers) {
            match made {
                Ok(mount) => mounts.push(mount),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(mounts)
        } else {
            Err(faults)
        }
    }
}

/// Why the services cannot be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoutesError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Resolve(Vec<ResolveError>),
    #[error(transparent)]
    Router(#[from] Error),
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Services")
            .field("entries", &self.entries)
            .field("layers", &self.layers.len())
            .finish()
    }
}
