//! The `boot` phase: what a bootloader may use. Nothing can be declared any more.

use std::sync::Arc;

use shaku::Interface;

use crate::container::{Container, ResolveError};
use crate::environment::Environment;
use crate::shutdown::Shutdown;

/// What a bootloader may use in `boot` and in `shutdown`: every binding, every config section, and the environment.
///
/// ```
#[doc = include_str!("../example.txt")]
/// use std::sync::{Arc, OnceLock};
///
/// use nautil::{Boot, Bootloader, Bootloaders, BoxError, Init, async_trait};
///
/// #[derive(Default)]
/// struct Cache(OnceLock<String>);
///
/// #[derive(PartialEq)]
/// struct CacheBootloader;
/// #[async_trait]
/// impl Bootloader for CacheBootloader {
///     fn init(&self, init: &mut Init<'_>) {
///         init.instance(Arc::new(Cache::default()));
///     }
///
///     /// Warms the cache for the region that the environment names.
///     async fn boot(&self, boot: &Boot) -> Result<(), BoxError> {
///         let region = boot.environment().get("REGION").ok_or("set REGION")?;
///         boot.get::<Cache>()?.0.set(region.to_owned())?;
///         Ok(())
///     }
/// }
///
/// # run(async {
/// // In a test:
/// # let kernel = || kernel_of(|| Bootloaders::new().with(CacheBootloader));
/// let app = kernel().env("REGION", "eu").start().await?;
/// assert_eq!(app.get::<Cache>()?.0.get().map(String::as_str), Some("eu"));
///
/// let error = kernel().start().await.unwrap_err();
/// assert!(error.to_string().ends_with("because set REGION"), "{error}");
/// # Ok(()) });
/// ```
#[derive(Debug, Clone)]
pub struct Boot {
    pub(crate) container: Container,
    pub(crate) environment: Arc<Environment>,
    pub(crate) shutdown: Shutdown,
}

impl Boot {
    /// Returns the singleton that is bound to `I`. A config section is bound to its own struct.
    ///
    /// # Errors
    /// The singleton, or something that it needs, cannot be resolved.
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        self.container.get::<I>()
    }

    /// Returns the variables that this run sees.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns what tells that the application is asked to stop. A task that `boot` starts waits for it.
    #[must_use]
    pub fn stopping(&self) -> Shutdown {
        self.shutdown.clone()
    }
}
