//! Interceptors in their order, for all methods and for one.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use tonic::Status;

use super::Intercept;
use super::call::InterceptedCall;
use super::calls::Calls;
use super::hooks::Hooks;
use super::next::{Next, Terminal};
use crate::panic::caught;

/// Interceptors with the calls that each is for, in the order of declaration. The first sees a call first.
///
/// ```
/// # use nautil_grpc::{InterceptedCall, Interceptor, Next, Status};
/// # struct AccessLog;
/// # impl Interceptor for AccessLog {
/// #     const NAME: &'static str = "access-log";
/// #     async fn intercept(&self, call: &mut InterceptedCall, next: Next<'_>) -> Result<(), Status> {
/// #         next.run(call).await
/// #     }
/// # }
/// use std::sync::Arc;
///
/// use nautil_grpc::server::{Router, ServerConfig};
/// use nautil_grpc::{Calls, Interceptors};
///
/// let interceptors = Interceptors::new().with(Calls::served(), Arc::new(AccessLog));
/// let router = Router::new(&ServerConfig::default()).intercept(interceptors);
/// # drop(router);
/// ```
#[derive(Clone, Default)]
pub struct Interceptors(Vec<(Calls, Arc<dyn Intercept>)>);

/// A name in a config that no interceptor has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no interceptor `{name}`{}", listed(known))]
pub struct UnknownInterceptor {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: Vec<String>,
}

/// The words for those that there are.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; there are {}", names.join(", ")),
    }
}

/// The interceptors of one method.
pub(crate) struct Chain(Box<[Arc<dyn Intercept>]>);

impl Interceptors {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, inside of those before it.
    #[must_use]
    pub fn with(mut self, calls: Calls, interceptor: Arc<dyn Intercept>) -> Self {
        self.0.push((calls, interceptor));
        self
    }

    /// The names and the calls, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Calls)> {
        self.0.iter().map(|(calls, one)| (one.name(), calls))
    }

    /// The chain of those of these names, in this order; nothing where there is no name.
    ///
    /// # Errors
    /// A name that none has.
    pub(crate) fn chain<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Arc<Chain>>, UnknownInterceptor> {
        let links = names.into_iter().map(|name| {
            let mut all = self.0.iter();
            let found = all.find(|(_, one)| one.name() == name);
            let found = found.map(|(_, one)| Arc::clone(one));
            found.ok_or_else(|| UnknownInterceptor {
                name: name.to_owned(),
                known: self.iter().map(|(name, _)| name.to_owned()).collect(),
            })
        });
        let links: Box<[_]> = links.collect::<Result<_, _>>()?;
        Ok((!links.is_empty()).then(|| Arc::new(Chain(links))))
    }
}

impl Chain {
    /// Sees a call through, up to the head of its response.
    pub(super) async fn run(
        &self,
        call: &mut InterceptedCall,
        hooks: &mut Hooks,
        terminal: Pin<&mut (dyn Terminal + '_)>,
    ) -> Result<(), Status> {
        let method = call.method();
        let through = Next::new(&self.0, terminal, hooks).run(call);
        // What a panic leaves half done is the call's own, and is dropped with it.
        match AssertUnwindSafe(through).catch_unwind().await {
            Ok(status) => status,
            Err(panic) => Err(caught(panic, "an interceptor", method)),
        }
    }
}

impl fmt::Debug for Interceptors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|one| one.name());
        formatter.debug_list().entries(names).finish()
    }
}
