//! Bootloaders: a feature's whole story on one page.
//!
//! A bootloader declares in [`init`](Bootloader::init) what its feature consists of (config section, bindings, commands,
//! services), connects and warms up in [`boot`](Bootloader::boot), and lets go in [`shutdown`](Bootloader::shutdown).

mod bind;
mod boot;
mod condition;
mod declarations;
mod init;
mod list;
mod order;

use std::any::{Any, TypeId, type_name};

use async_trait::async_trait;

pub use boot::Boot;
pub use condition::Condition;
pub(crate) use declarations::{AsyncFactory, Declarations, DeclareError};
pub use init::Init;
pub use list::Bootloaders;
pub(crate) use list::Listed;
pub use order::OrderError;
pub(crate) use order::order;

pub use crate::error::BoxError;

/// A feature of the application. Every method has a default, and most bootloaders need only `init`.
///
/// ```
#[doc = include_str!("../example.txt")]
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// use nautil::{Boot, Bootloader, Bootloaders, BoxError, Init, async_trait};
///
/// /// Rates that are at hand while the application runs.
/// #[derive(Default)]
/// struct Rates { at_hand: AtomicBool }
///
/// #[derive(PartialEq)]
/// struct RatesBootloader;
/// #[async_trait]
/// impl Bootloader for RatesBootloader {
///     fn init(&self, init: &mut Init<'_>) {
///         init.instance(Arc::new(Rates::default()));
///     }
///
///     async fn boot(&self, boot: &Boot) -> Result<(), BoxError> {
///         boot.get::<Rates>()?.at_hand.store(true, Ordering::Relaxed);
///         Ok(())
///     }
///
///     async fn shutdown(&self, boot: &Boot) -> Result<(), BoxError> {
///         boot.get::<Rates>()?.at_hand.store(false, Ordering::Relaxed);
///         Ok(())
///     }
/// }
///
/// # run(async {
/// // In a test:
/// # let kernel = kernel_of(|| Bootloaders::new().with(RatesBootloader));
/// let app = kernel.start().await?;
/// let rates = app.get::<Rates>()?;
/// assert!(rates.at_hand.load(Ordering::Relaxed));
/// app.stop().await?;
/// assert!(!rates.at_hand.load(Ordering::Relaxed));
/// # Ok(()) });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a bootloader",
    note = "write `impl Bootloader for {Self} {{ fn init(&self, init: &mut Init<'_>) {{ … }} }}`"
)]
#[async_trait]
pub trait Bootloader: Any + Send + Sync {
    /// Names the bootloaders that come before this one in `init` and in `boot`, and after it in `shutdown`. The kernel has to
    /// list them too.
    fn dependencies(&self) -> Vec<Dependency> {
        Vec::new()
    }

    /// Declares what the feature consists of. It does no I/O and sees no config values: the config is read later.
    fn init(&self, _init: &mut Init<'_>) {}

    /// Connects and warms up, with config and container at hand. It runs only for commands that ask for it
    /// ([`Command::boots`](crate::console::Command::boots)), as `serve` does, and has `app.boot_timeout` to finish.
    ///
    /// # Errors
    /// Whatever keeps the feature from working. The application does not start then. The bootloaders before this one are shut
    /// down, this one is not: it gives back what it took before it returns the error.
    async fn boot(&self, _boot: &Boot) -> Result<(), BoxError> {
        Ok(())
    }

    /// Gives back what `boot` took. Bootloaders are shut down in the reverse of their order, all of them together within
    /// `app.shutdown_timeout`. This runs too after a `boot` that panicked, or that was aborted because it was late or because the
    /// application was asked to stop.
    ///
    /// # Errors
    /// What could not be given back. The error is printed, the other bootloaders are shut down all the same, and the
    /// application ends with exit code 1.
    async fn shutdown(&self, _boot: &Boot) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A bootloader that has to come before another one: see [`Bootloader::dependencies`].
///
/// ```
#[doc = include_str!("../example.txt")]
/// use nautil::bootloader::Dependency;
/// use nautil::{Bootloader, Bootloaders};
///
/// #[derive(PartialEq)]
/// struct DatabaseBootloader;
/// impl Bootloader for DatabaseBootloader {}
///
/// #[derive(PartialEq)]
/// struct RatesBootloader;
/// impl Bootloader for RatesBootloader {
///     fn dependencies(&self) -> Vec<Dependency> {
///         vec![Dependency::on::<DatabaseBootloader>()]
///     }
/// }
///
/// # run(async {
/// // In a test, of a kernel that does not list the database:
/// # let kernel = kernel_of(|| Bootloaders::new().with(RatesBootloader));
/// let error = kernel.start().await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "bootloader `RatesBootloader` needs `DatabaseBootloader`, which the kernel does not list"
/// );
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl Dependency {
    /// The dependency on the bootloader of this type.
    #[must_use]
    pub fn on<B: Bootloader>() -> Self {
        Dependency {
            id: TypeId::of::<B>(),
            name: name::<B>(),
        }
    }
}

/// The name of a bootloader as reports show it: its type without the path.
pub(crate) fn name<B: 'static>() -> &'static str {
    let full = type_name::<B>();
    let generic = full.find('<').unwrap_or(full.len());
    let start = full[..generic].rfind("::").map_or(0, |colons| colons + 2);
    &full[start..]
}
