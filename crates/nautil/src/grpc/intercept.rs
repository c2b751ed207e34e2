//! The verbs for what calls pass through.

use std::sync::Arc;

use nautil_grpc::server::{ResponseBody, RoutedBy, Routes};
use nautil_grpc::{Calls, Interceptor};
use shaku::Component;
use tower_layer::Layer;

use super::interceptors::Intercepting;
use super::services::MadeLayer;
use super::{DynInterceptor, Interceptors, Services};
use crate::bootloader::{BoxError, Init};
use crate::container::{Container, Resolver};

impl Init<'_> {
    /// Lets every call that is served pass through this [`Interceptor`]: [`intercept_calls`](Self::intercept_calls) of
    /// [`Calls::served`].
    pub fn intercept<C>(&mut self) -> &mut Self
    where
        C: Interceptor + Component<Container, Interface = dyn DynInterceptor>,
    {
        self.intercept_calls::<C>(Calls::served())
    }

    /// Lets these calls pass through this [`Interceptor`]. The one that is declared first is the outermost, unless
    /// `server.interceptors` says otherwise.
    ///
    /// It is a component, and the server and all clients have the same one. The application does not start if another interceptor
    /// has the same name, or if the calls name a method that is neither served nor called.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::container::Component;
    /// use nautil::grpc::{Calls, DynInterceptor, InterceptedCall, Interceptor, Next, Status};
    ///
    /// #[derive(Component)]
    /// #[shaku(interface = DynInterceptor)]
    /// struct Audit;
    /// impl Interceptor for Audit {
    ///     const NAME: &'static str = "audit";
    ///     async fn intercept(&self, call: &mut InterceptedCall, next: Next<'_>) -> Result<(), Status> {
    ///         tracing::info!(method = %call.method(), "called");
    ///         next.run(call).await
    ///     }
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`, where nobody serves that service:
    /// let calls = Calls::served().of("library.v1.LibraryService/*".parse().unwrap());
    /// init.intercept_calls::<Audit>(calls);
    /// # });
    /// # run(async {
    /// // In a test:
    /// let error = kernel.start().await.unwrap_err();
    /// assert!(error.to_string().contains(
    ///     "the interceptor `audit` is for `library.v1.LibraryService/*`, which is no method that is served"
    /// ), "{error}");
    /// # Ok(()) });
    /// ```
    pub fn intercept_calls<C>(&mut self, calls: Calls) -> &mut Self
    where
        C: Interceptor + Component<Container, Interface = dyn DynInterceptor>,
    {
        let bootloader = self.bootloader();
        if let Err(first) = self.declare::<Interceptors>().add::<C>(calls, bootloader) {
            self.twice("interceptor", C::NAME, first);
            return self;
        }
        self.factory::<Intercepting<C>>(move |resolver| {
            Ok(Arc::new(Intercepting::make(resolver, bootloader)))
        })
    }

    /// Puts a tower layer around every call that is served, as [`layer`](Self::layer) does; `make` makes it when the server is put
    /// together, of what is in the container.
    pub fn layer_with<L, B>(
        &mut self,
        make: impl Fn(&mut Resolver<'_>) -> Result<L, BoxError> + Send + Sync + 'static,
    ) -> &mut Self
    where
        L: Layer<Routes> + Clone + Send + Sync + 'static,
        L::Service: RoutedBy<B>,
        B: ResponseBody,
    {
        fn bind<L, B, F>(init: &mut Init<'_>, make: F)
        where
            L: Layer<Routes> + Clone + Send + Sync + 'static,
            L::Service: RoutedBy<B>,
            B: ResponseBody,
            F: Fn(&mut Resolver<'_>) -> Result<L, BoxError> + Send + Sync + 'static,
        {
            init.declare::<Services>().add_made_layer::<L, F, B>();
            init.factory::<MadeLayer<L, F>>(move |resolver| {
                Ok(Arc::new(MadeLayer::new(make(resolver)?)))
            });
        }

        bind(self, make);
        self
    }
}
