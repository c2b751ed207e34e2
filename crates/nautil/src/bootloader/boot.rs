//! The `boot` phase: what a bootloader may use, and nothing to declare any more.

use std::sync::Arc;

use shaku::Interface;

use crate::container::{Container, ResolveError};
use crate::environment::Environment;
use crate::shutdown::Shutdown;

/// The finished application, before its command runs.
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
    /// The singleton that is bound to `I`; a config section by its struct.
    ///
    /// # Errors
    /// It, or something that it needs, cannot be resolved.
    pub fn get<I: Interface + ?Sized>(&self) -> Result<Arc<I>, ResolveError> {
        self.container.get::<I>()
    }

    /// The variables of this run.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Resolves when the application is asked to stop; for tasks that `boot` starts.
    #[must_use]
    pub fn stopping(&self) -> Shutdown {
        self.shutdown.clone()
    }
}
