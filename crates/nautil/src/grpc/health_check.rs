//! Health checks, as components.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use nautil_grpc::server::{Check, Scope};
use shaku::{Component, Interface};

use crate::bootloader::BoxError;
use crate::container::{Container, MakeComponent, ResolveError};
use crate::suggest;

/// A question that the server asks itself again and again: can it serve?
///
/// It is run every `server.health.interval`, on a thread of its own. While it fails, what it [speaks for](Scope) is
/// NOT_SERVING; `docs/health.md` says what that means to whom.
///
/// ```
/// use std::sync::Arc;
///
/// use nautil::bootloader::BoxError;
/// use nautil::container::{Component, Interface};
/// use nautil::grpc::{DynHealthCheck, HealthCheck, Scope};
///
/// trait RateSource: Interface { fn age_in_days(&self) -> u64; }
///
/// #[derive(Component)]
/// #[shaku(interface = DynHealthCheck)]
/// struct RatesCheck { #[shaku(inject)] source: Arc<dyn RateSource> }
///
/// impl HealthCheck for RatesCheck {
///     const NAME: &'static str = "rates";
///     const SCOPE: Scope = Scope::Services(&["currency.CurrencyRateService"]);
///
///     async fn check(&self) -> Result<(), BoxError> {
///         match self.source.age_in_days() {
///             0..7 => Ok(()),
///             days => Err(format!("the rates are {days} days old").into()),
///         }
///     }
/// }
///
/// // A bootloader says `init.health_check::<RatesCheck>()`. In a test:
/// # struct Old;
/// # impl RateSource for Old { fn age_in_days(&self) -> u64 { 8 } }
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let check = RatesCheck { source: Arc::new(Old) };
/// let error = check.check().await.unwrap_err();
/// assert_eq!(error.to_string(), "the rates are 8 days old");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a health check",
    note = "a health check has a `NAME`, a `SCOPE`, and an `async fn check`"
)]
pub trait HealthCheck: Send + Sync + 'static {
    /// The name of the check on the page `/readyz`. No two checks have the same name.
    const NAME: &'static str;

    /// What cannot be served while the check fails: some services, or the whole server.
    const SCOPE: Scope;

    /// Finds out whether what the check speaks for can be served.
    ///
    /// # Errors
    /// Why it cannot be served, in words for those who look after the server. They are not sent to callers.
    fn check(&self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// Any [`HealthCheck`]: the interface under which checks are components.
pub trait DynHealthCheck: Interface {
    /// Runs the check.
    ///
    /// # Errors
    /// Those of [`HealthCheck::check`].
    fn run(&self) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;
}

impl<C: HealthCheck> DynHealthCheck for C {
    fn run(&self) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>> {
        Box::pin(self.check())
    }
}

/// Every health check that bootloaders declared.
#[derive(Default)]
pub(crate) struct HealthChecks(Vec<CheckEntry>);

struct CheckEntry {
    name: &'static str,
    scope: Scope,
    bootloader: &'static str,
    make: MakeComponent<dyn DynHealthCheck>,
}

/// A check that speaks for what is not served.
#[derive(Debug, thiserror::Error)]
#[error(
    "health check `{name}` of bootloader `{bootloader}` speaks for the service `{service}`, which is not served; {}",
    mend(.nearest.as_deref())
)]
pub(crate) struct UnknownService {
    name: &'static str,
    bootloader: &'static str,
    service: &'static str,
    nearest: Option<String>,
}

impl HealthChecks {
    /// Adds a check; where its name is taken, the bootloader that has it is the error.
    pub(crate) fn add<C>(&mut self, bootloader: &'static str) -> Result<(), &'static str>
    where
        C: HealthCheck + Component<Container, Interface = dyn DynHealthCheck>,
    {
        if let Some(first) = self.0.iter().find(|entry| entry.name == C::NAME) {
            return Err(first.bootloader);
        }
        self.0.push(CheckEntry {
            name: C::NAME,
            scope: C::SCOPE,
            bootloader,
            make: |container, bootloader| container.make::<C>(bootloader),
        });
        Ok(())
    }

    /// Builds every check, and returns what cannot be built.
    pub(crate) fn check(&self, container: &Container) -> Vec<ResolveError> {
        let made = self.0.iter().map(|entry| entry.make(container));
        made.filter_map(Result::err).collect()
    }

    /// The first service that a check speaks for, and that is not among those that are served.
    pub(crate) fn unknown(&self, served: &[&'static str]) -> Option<UnknownService> {
        self.0.iter().find_map(|entry| {
            let Scope::Services(services) = entry.scope else {
                return None;
            };
            let service = services.iter().find(|name| !served.contains(*name))?;
            Some(UnknownService {
                name: entry.name,
                bootloader: entry.bootloader,
                service,
                nearest: suggest::nearest(service, served.iter().copied()).map(str::to_owned),
            })
        })
    }

    /// The checks for the server.
    ///
    /// # Errors
    /// The first check that cannot be built.
    pub(crate) fn checks(&self, container: &Container) -> Result<Vec<Check>, ResolveError> {
        let checks = self.0.iter().map(|entry| {
            let check = entry.make(container)?;
            Ok(Check::new(entry.name, entry.scope, move || {
                let check = Arc::clone(&check);
                async move { check.run().await }
            }))
        });
        checks.collect()
    }
}

impl CheckEntry {
    fn make(&self, container: &Container) -> Result<Arc<dyn DynHealthCheck>, ResolveError> {
        (self.make)(container, self.bootloader)
    }
}

fn mend(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`grpc:services` lists those that are".to_owned(),
    }
}

impl fmt::Debug for HealthChecks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|entry| entry.name);
        formatter.debug_list().entries(names).finish()
    }
}
