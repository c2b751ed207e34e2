//! The verbs of gRPC.

use std::sync::Arc;

use nautil_grpc::Service;
use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::metrics::{self, Metrics};
use nautil_grpc::server::{self, ResponseBody, RoutedBy, Routes};
use shaku::{Component, Interface};
use tower_layer::Layer;

use super::{
    Clients, Connect, DynHealthCheck, DynPage, GrpcServerBootloader, HealthCheck, HealthChecks,
    Interceptors, Page, Pages, Services,
};
use crate::bootloader::{Init, name};
use crate::config::Section;
use crate::container::Container;

impl Init<'_> {
    /// Serves a gRPC service with this component.
    ///
    /// The component is not bound to the interface of the service: what is injected as `Arc<dyn Interface>` is the client.
    ///
    /// The component is code of the application, and implements the interface that the generator wrote for the service:
    ///
    /// ```standalone_crate
    /// # #[path = "../../tests/streams/generated/mod.rs"]
    /// # mod generated;
    /// # use nautil::container::Component;
    /// # use nautil::grpc::{BoxStream, Request, Response, Status};
    /// # use nautil::testing::TestKernel;
    /// # use nautil::{Bootloader, Bootloaders, Init, Kernel};
    /// use generated::streams::{EchoServiceInterface, Words};
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = EchoServiceInterface)]
    /// struct EchoService;
    /// #[nautil::async_trait]
    /// impl EchoServiceInterface for EchoService {
    ///     async fn say(&self, request: Request<Words>) -> Result<Response<Words>, Status> {
    ///         Ok(Response::new(request.into_inner()))
    ///     }
    /// #     async fn split(&self, _: Request<Words>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn join(&self, _: Request<BoxStream<Words>>) -> Result<Response<Words>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn repeat(&self, _: Request<BoxStream<Words>>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// }
    ///
    /// #[derive(PartialEq)]
    /// struct EchoBootloader;
    /// impl Bootloader for EchoBootloader {
    ///     fn init(&self, init: &mut Init<'_>) {
    ///         init.serve::<EchoService>();
    ///     }
    /// }
    ///
    /// # struct App;
    /// # impl Kernel for App {
    /// #     const NAME: &'static str = "demo";
    /// #     const VERSION: &'static str = "1.0.0";
    /// #     fn bootloaders(&self) -> Bootloaders {
    /// #         Bootloaders::new().with(EchoBootloader)
    /// #     }
    /// # }
    /// #
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), nautil::BoxError> {
    /// # let root = tempfile::tempdir()?;
    /// # std::fs::create_dir(root.path().join("config"))?;
    /// // In a test:
    /// let called = TestKernel::of(App).console(["grpc:services"]).await;
    /// assert!(called.out.contains("streams.EchoService  Say"), "{}", called.out);
    /// # Ok(())
    /// # }
    /// ```
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

    /// Puts a tower layer around every call that is served. The layer that is declared first is the outermost.
    ///
    /// ```standalone_crate
    /// # #[path = "../../tests/streams/generated/mod.rs"]
    /// # mod generated;
    /// # use nautil::container::Component;
    /// # use nautil::grpc::{BoxStream, Request, Response, Status};
    /// # use nautil::testing::TestKernel;
    /// # use nautil::{Bootloader, Bootloaders, Init, Kernel};
    /// # use generated::config::ClientsConfig;
    /// # use generated::streams::{EchoServiceInterface, Words};
    /// use nautil::grpc::{Body, http};
    /// use tower::util::MapResponseLayer;
    ///
    /// # #[derive(Component)]
    /// # #[shaku(interface = EchoServiceInterface)]
    /// # struct EchoService;
    /// # #[nautil::async_trait]
    /// # impl EchoServiceInterface for EchoService {
    /// #     async fn say(&self, request: Request<Words>) -> Result<Response<Words>, Status> {
    /// #         Ok(Response::new(request.into_inner()))
    /// #     }
    /// #     async fn split(&self, _: Request<Words>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn join(&self, _: Request<BoxStream<Words>>) -> Result<Response<Words>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn repeat(&self, _: Request<BoxStream<Words>>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// # }
    ///
    /// /// Says in each answer which version gave it.
    /// fn with_version(mut response: http::Response<Body>) -> http::Response<Body> {
    ///     response.headers_mut().insert("x-version", http::HeaderValue::from_static("1.0.0"));
    ///     response
    /// }
    ///
    /// #[derive(PartialEq)]
    /// struct EchoBootloader;
    /// impl Bootloader for EchoBootloader {
    ///     fn init(&self, init: &mut Init<'_>) {
    ///         init.layer(MapResponseLayer::new(with_version));
    /// #       init.serve::<EchoService>();
    /// #       init.config::<ClientsConfig>();
    /// #       init.client::<dyn EchoServiceInterface, ClientsConfig>(|clients| &clients.echo_service);
    ///     }
    /// }
    ///
    /// # struct App;
    /// # impl Kernel for App {
    /// #     const NAME: &'static str = "demo";
    /// #     const VERSION: &'static str = "1.0.0";
    /// #     fn bootloaders(&self) -> Bootloaders {
    /// #         Bootloaders::new().with(EchoBootloader)
    /// #     }
    /// # }
    /// #
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), nautil::BoxError> {
    /// # let root = tempfile::tempdir()?;
    /// # std::fs::create_dir(root.path().join("config"))?;
    /// // In a test, with the client of a service:
    /// let app = TestKernel::of(App).root(root.path()).start().await?;
    /// let client = app.get::<dyn EchoServiceInterface>()?;
    /// let response = client.say(Request::new(Words { text: "hello".to_owned() })).await?;
    /// assert_eq!(response.metadata().get("x-version").unwrap(), "1.0.0");
    /// # app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<L, B>(&mut self, layer: L) -> &mut Self
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        self.declare::<Services>().add_layer(layer);
        self
    }

    /// Adds a [`Page`] to the management port. The application does not start if another page has the same path, or if the path
    /// is not one that can be served.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::Component;
    /// use nautil::grpc::server::{PageRequest, PageResponse, text};
    /// use nautil::grpc::{DynPage, Page};
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = DynPage)]
    /// struct ReadyPage;
    /// impl Page for ReadyPage {
    ///     const PATH: &'static str = "/readyz";
    ///     const ABOUT: &'static str = "Whether the application is ready";
    ///     async fn answer(&self, _: PageRequest) -> PageResponse { text("ready") }
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`, with a path that the framework itself has:
    /// init.page::<ReadyPage>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let error = kernel.start().await.unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "page `/readyz` is declared twice: by bootloader `GrpcServerBootloader` and by bootloader `ExampleBootloader`"
    /// );
    /// # Ok(()) });
    /// ```
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

    /// Adds a [`HealthCheck`]. The application does not start if another check has the same name, or if the check speaks for a
    /// service that is not served.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::bootloader::BoxError;
    /// use nautil::container::Component;
    /// use nautil::grpc::{DynHealthCheck, HealthCheck, Scope};
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = DynHealthCheck)]
    /// struct RatesCheck;
    /// impl HealthCheck for RatesCheck {
    ///     const NAME: &'static str = "rates";
    ///     const SCOPE: Scope = Scope::Services(&["currency.CurrencyRateService"]);
    ///     async fn check(&self) -> Result<(), BoxError> { Ok(()) }
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`, where nobody says `init.serve` for that service:
    /// init.health_check::<RatesCheck>();
    /// # });
    /// # run(async {
    /// // In a test:
    /// let error = kernel.start().await.unwrap_err();
    /// assert!(error.to_string().contains(
    ///     "health check `rates` of bootloader `ExampleBootloader` speaks for the service `currency.CurrencyRateService`, \
    ///      which is not served"
    /// ));
    /// # Ok(()) });
    /// ```
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

    /// Binds the metrics of a feature: a struct with its counters, gauges and histograms. `declare` makes it from the [`Metrics`]
    /// of the application. If it returns an error, the application does not start.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
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
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.metrics(RateMetrics::declare);
    /// # });
    /// # run(async {
    /// # let app = kernel.start().await?;
    /// # let metrics = app.get::<RateMetrics>()?;
    /// // In a component, which says `#[shaku(inject)] metrics: Arc<RateMetrics>`:
    /// metrics.fetched.with(["ecb"]).inc();
    /// # Ok(()) });
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

    /// Binds the interface of a service to its client. The client connects as `config` says, which picks its part of the config
    /// section `T`.
    ///
    /// The generated `ServiceBootloader` does it for every service, so that an application rarely says it:
    ///
    /// ```standalone_crate
    /// # #[path = "../../tests/streams/generated/mod.rs"]
    /// # mod generated;
    /// # use nautil::container::Component;
    /// # use nautil::grpc::{BoxStream, Request, Response, Status};
    /// # use nautil::testing::TestKernel;
    /// use nautil::{Bootloader, Bootloaders, Init, Kernel};
    ///
    /// use generated::config::ClientsConfig;
    /// use generated::streams::{EchoServiceInterface, Words};
    ///
    /// # #[derive(Component)]
    /// # #[shaku(interface = EchoServiceInterface)]
    /// # struct EchoService;
    /// # #[nautil::async_trait]
    /// # impl EchoServiceInterface for EchoService {
    /// #     async fn say(&self, request: Request<Words>) -> Result<Response<Words>, Status> {
    /// #         Ok(Response::new(request.into_inner()))
    /// #     }
    /// #     async fn split(&self, _: Request<Words>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn join(&self, _: Request<BoxStream<Words>>) -> Result<Response<Words>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// #     async fn repeat(&self, _: Request<BoxStream<Words>>) -> Result<Response<BoxStream<Words>>, Status> {
    /// #         Err(Status::unimplemented(""))
    /// #     }
    /// # }
    /// #[derive(PartialEq)]
    /// struct EchoBootloader;
    /// impl Bootloader for EchoBootloader {
    ///     fn init(&self, init: &mut Init<'_>) {
    ///         init.config::<ClientsConfig>();
    ///         init.client::<dyn EchoServiceInterface, ClientsConfig>(|clients| &clients.echo_service);
    /// #       init.serve::<EchoService>();
    ///     }
    /// }
    ///
    /// # struct App;
    /// # impl Kernel for App {
    /// #     const NAME: &'static str = "demo";
    /// #     const VERSION: &'static str = "1.0.0";
    /// #     fn bootloaders(&self) -> Bootloaders {
    /// #         Bootloaders::new().with(EchoBootloader)
    /// #     }
    /// # }
    /// #
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), nautil::BoxError> {
    /// # let root = tempfile::tempdir()?;
    /// # std::fs::create_dir(root.path().join("config"))?;
    /// // In a test, where the client is connected to the application's own service:
    /// let app = TestKernel::of(App).root(root.path()).start().await?;
    /// let client = app.get::<dyn EchoServiceInterface>()?;
    /// let said = client.say(Request::new(Words { text: "hello".to_owned() })).await?;
    /// assert_eq!(said.into_inner().text, "hello");
    /// # app.stop().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn client<I, T>(&mut self, config: fn(&T) -> &ClientConfig) -> &mut Self
    where
        I: Service + Interface + ?Sized,
        T: Section,
    {
        let bootloader = self.bootloader();
        self.declare::<Clients>().add::<I, T>(config, bootloader);
        self.factory::<I>(move |resolver| {
            let section = resolver.get::<T>();
            let connect = resolver.get::<dyn Connect>();
            let target = Target {
                service: I::NAME,
                variable: I::HOST_VARIABLE,
            };
            let config = config(&section);
            let names = config.interceptors.as_deref();
            let interceptors = resolver
                .get::<Interceptors>()
                .for_client::<I>(names, resolver);
            let channel = connect.connect(target, config)?;
            let channel = channel
                .intercept::<I>(&interceptors, names)
                .map_err(|unknown| format!("`interceptors` in its config: {unknown}"))?;
            Ok(I::client(channel))
        })
    }
}
