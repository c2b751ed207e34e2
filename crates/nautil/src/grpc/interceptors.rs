//! Interceptors, as components.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nautil_grpc::{Calls, Intercept, Interceptor, Service, Side};
use shaku::{Component, Interface};

use crate::container::{Container, ResolveError, Resolver, short_name};

/// Any [`Interceptor`]: the interface under which interceptors are components.
pub trait DynInterceptor: Interface + Intercept {}

impl<I: Interceptor> DynInterceptor for I {}

/// Every interceptor that bootloaders declared, in order.
#[derive(Default)]
pub(crate) struct Interceptors(Vec<InterceptorEntry>);

/// A declared interceptor.
pub(crate) struct InterceptorEntry {
    pub(crate) name: &'static str,
    pub(crate) calls: Calls,
    pub(crate) implementation: String,
    pub(crate) bootloader: &'static str,
    get: fn(&Container) -> Result<Arc<dyn DynInterceptor>, ResolveError>,
    resolve: fn(&mut Resolver<'_>) -> Arc<dyn DynInterceptor>,
}

/// The one interceptor of its type: the server and all clients have the same.
pub(crate) struct Intercepting<C>(Arc<dyn DynInterceptor>, PhantomData<fn() -> C>);

impl<C> Intercepting<C>
where
    C: Interceptor + Component<Container, Interface = dyn DynInterceptor>,
{
    /// Makes it, for the bootloader of this name.
    pub(crate) fn make(resolver: &mut Resolver<'_>, bootloader: &'static str) -> Self {
        Intercepting(resolver.make::<C>(bootloader), PhantomData)
    }
}

impl Interceptors {
    /// Adds an interceptor; where its name is taken, the bootloader that has it is the error.
    pub(crate) fn add<C>(
        &mut self,
        calls: Calls,
        bootloader: &'static str,
    ) -> Result<(), &'static str>
    where
        C: Interceptor + Component<Container, Interface = dyn DynInterceptor>,
    {
        if let Some(first) = self.0.iter().find(|entry| entry.name == C::NAME) {
            return Err(first.bootloader);
        }
        self.0.push(InterceptorEntry {
            name: C::NAME,
            calls,
            implementation: short_name::<C>(),
            bootloader,
            get: |container| Ok(Arc::clone(&container.get::<Intercepting<C>>()?.0)),
            resolve: |resolver| Arc::clone(&resolver.get::<Intercepting<C>>().0),
        });
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &InterceptorEntry> {
        self.0.iter()
    }

    /// The names and the calls of those that are for this side.
    pub(crate) fn on(&self, side: Side) -> Vec<(&'static str, &Calls)> {
        let own = self.0.iter().filter(|entry| entry.calls.on(side));
        own.map(|entry| (entry.name, &entry.calls)).collect()
    }

    /// Those of the server.
    ///
    /// # Errors
    /// The first that cannot be built.
    pub(crate) fn for_server(
        &self,
        container: &Container,
    ) -> Result<nautil_grpc::Interceptors, ResolveError> {
        let mut own = self.0.iter().filter(|entry| entry.calls.on(Side::Server));
        own.try_fold(nautil_grpc::Interceptors::new(), |all, entry| {
            Ok(all.with(entry.calls.clone(), (entry.get)(container)?))
        })
    }

    /// Those of the client of a service: of these names, or else those that are for its calls. Others are not built for it, because
    /// they may need the client themselves.
    pub(crate) fn for_client<S: Service + ?Sized>(
        &self,
        names: Option<&[String]>,
        resolver: &mut Resolver<'_>,
    ) -> nautil_grpc::Interceptors {
        let is_wanted = |entry: &&InterceptorEntry| match names {
            Some(names) => {
                entry.calls.on(Side::Client) && names.iter().any(|name| name == entry.name)
            }
            None => {
                let mut methods = S::METHODS.iter();
                methods.any(|method| entry.calls.have(Side::Client, method))
            }
        };
        let own = self.0.iter().filter(is_wanted);
        own.fold(nautil_grpc::Interceptors::new(), |all, entry| {
            all.with(entry.calls.clone(), (entry.resolve)(resolver))
        })
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|entry| entry.name);
        formatter.debug_list().entries(names).finish()
    }
}
