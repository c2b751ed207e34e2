//! The verbs of gRPC.

use std::sync::Arc;

use nautil_grpc::Service;
use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::metrics::{self, Metrics};
use nautil_grpc::server::{self, ResponseBody, RoutedBy, Routes};
use shaku::{Component, Interface};
use tower_layer::Layer;

use super::{
    Connect, DynHealthCheck, DynPage, GrpcServerBootloader, HealthCheck, HealthChecks, Page, Pages,
    Services,
};
use crate::bootloader::{Init, name};
use crate::config::Section;
use crate::container::Container;

impl Init<'_> {
    /// Serves a gRPC service by this component. It is not bound under the interface: that is the client's name.
    pub fn serve<C>(&mut self) -> &mut Self
    where
        C: Component<Container>,
        C::Interface: Service,
    {
        let name = <C::Interface as Service>::NAME;
        let bootloader = self.bootloader();
        let taken = self.declare::<Services>().add::<C>(bootloader);
        if let Err(first) = taken {
            self.twice("service", name, first);
        }
        self
    }

    /// Puts a tower layer around every served call; the first declared is the outermost.
    pub fn layer<L, B>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.declare::<Services>().add_layer(layer);
        self
    }

    /// Adds a page to the management port. The application does not start where another bootloader has its path, or where the
    /// path is none.
    pub fn page<C>(&mut self) -> &mut Self
    where
        C: Page + Component<Container, Interface = dyn DynPage>,
    {
        if let Err(error) = server::Pages::check(C::PATH) {
            self.refuse(error);
            return self;
        }
        if server::Pages::OWN.contains(&C::PATH) {
            self.twice("page", C::PATH, name::<GrpcServerBootloader>());
            return self;
        }
        let bootloader = self.bootloader();
        if let Err(first) = self.declare::<Pages>().add::<C>(bootloader) {
            self.twice("page", C::PATH, first);
        }
        self
    }

    /// Adds a health check. The application does not start where another bootloader has its name, or where it speaks for a
    /// service that is not served.
    pub fn health_check<C>(&mut self) -> &mut Self
    where
        C: HealthCheck + Component<Container, Interface = dyn DynHealthCheck>,
    {
        let bootloader = self.bootloader();
        if let Err(first) = self.declare::<HealthChecks>().add::<C>(bootloader) {
            self.twice("health check", C::NAME, first);
        }
        self
    }

    /// Binds the metrics of a feature: a struct with what it records with, made from the [`Metrics`] of the application when
    /// it starts. A metric that cannot be declared keeps it from starting.
    ///
    /// ```
    /// use nautil::Init;
    /// use nautil::grpc::metrics::{Counter, Error, Metrics};
    ///
    /// struct RateMetrics { fetched: Counter<1> }
    ///
    /// impl RateMetrics {
    ///     fn declare(metrics: &Metrics) -> Result<Self, Error> {
    ///         let fetched = metrics.counter("rates_fetched", "Rates that were fetched", &["source"])?;
    ///         Ok(RateMetrics { fetched })
    ///     }
    /// }
    ///
    /// # fn init(init: &mut Init<'_>) {
    /// init.metrics(RateMetrics::declare);
    /// # }
    /// // A component says `#[shaku(inject)] metrics: Arc<RateMetrics>`, and then:
    /// # fn fetch(metrics: &RateMetrics) {
    /// metrics.fetched.with(["ecb"]).inc();
    /// # }
    /// ```
    pub fn metrics<T: Interface>(
        &mut self,
        declare: fn(&Metrics) -> Result<T, metrics::Error>,
    ) -> &mut Self {
        self.factory::<T>(move |resolver| {
            let metrics = resolver.get::<Metrics>();
            Ok(Arc::new(declare(&metrics)?))
        })
    }

    /// Binds the interface of a service to its client, connected as the section `T` says.
    pub fn client<I, T>(&mut self, config: fn(&T) -> &ClientConfig) -> &mut Self
    where
        I: Service + Interface + ?Sized,
        T: Section,
    {
        self.factory::<I>(move |resolver| {
            let section = resolver.get::<T>();
            let connect = resolver.get::<dyn Connect>();
            let target = Target {
                service: I::NAME,
                variable: I::HOST_VARIABLE,
            };
            Ok(I::client(connect.connect(target, config(&section))?))
        })
    }
}
