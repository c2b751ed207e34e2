//! The services that bootloaders serve.

use std::fmt;
use std::sync::Arc;

use nautil_grpc::Service;
use nautil_grpc::server::{Error, ResponseBody, RoutedBy, Router, Routes, ServerConfig};
use shaku::Component;
use tower_layer::Layer;

use crate::container::{Container, ResolveError, short_name};

/// Every service that is served, with its component, and the layers around all of them.
#[derive(Default)]
pub(crate) struct Services {
    entries: Vec<ServiceEntry>,
    layers: Vec<Box<dyn Fn(Router) -> Router + Send + Sync>>,
}

/// A served service.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEntry {
    pub(crate) name: &'static str,
    pub(crate) implementation: String,
    pub(crate) bootloader: &'static str,
    pub(crate) descriptor_set: &'static [u8],
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
            descriptor_set: <C::Interface as Service>::DESCRIPTOR_SET,
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
        self.layers
            .push(Box::new(move |router| router.layer(layer.clone())));
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
        let router = Router::new(config).with_health().with_reflection();
        let router = mounts
            .into_iter()
            .fold(router, |router, mount| mount(router));
        // The router puts each layer around those before it; the first declared is to be the outermost.
        let layers = self.layers.iter().rev();
        Ok(layers.fold(router, |router, layer| layer(router)).build()?)
    }

    fn make(&self, container: &Container) -> Result<Vec<Mount>, Vec<ResolveError>> {
        let mut mounts = Vec::new();
        let mut faults = Vec::new();
        for entry in &self.entries {
            match (entry.make)(container, entry.bootloader) {
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
