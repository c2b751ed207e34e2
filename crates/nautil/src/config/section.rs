//! What a struct must state to be a section of the configuration.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A section: `config/<NAME>.toml`, `APP_<NAME>__<KEY>`, and `Arc<Self>` in the container.
///
/// The struct needs `#[serde(deny_unknown_fields)]`: without it, a mistyped key would be passed over in silence.
///
/// ```
#[doc = include_str!("../example.txt")]
/// use std::time::Duration;
///
/// use nautil::config::{Invalid, Section};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct CacheConfig {
///     path: String,
///     entries: u32,
///     #[serde(with = "nautil::config::duration")]
///     lifetime: Duration,
/// }
///
/// impl Default for CacheConfig {
///     fn default() -> Self {
///         CacheConfig {
///             path: "cache.db".to_owned(),
///             entries: 100,
///             lifetime: Duration::from_secs(60),
///         }
///     }
/// }
///
/// impl Section for CacheConfig {
///     const NAME: &'static str = "cache";
///     const VARIABLES: &'static [(&'static str, &'static str)] = &[("path", "CACHE_PATH")];
///
///     fn check(&self) -> Vec<Invalid> {
///         let invalid = (self.entries == 0).then(|| Invalid {
///             key: "entries",
///             expected: "at least 1".to_owned(),
///         });
///         invalid.into_iter().collect()
///     }
/// }
///
/// # run(async {
/// // In a test, of a kernel with a bootloader that says `init.config::<CacheConfig>()`:
/// # let kernel = || kernel(|init| { init.config::<CacheConfig>(); });
/// let kernel_with = |name, value| kernel().env(name, value);
/// let app = kernel_with("CACHE_PATH", "other.db").start().await?;
/// assert_eq!(app.get::<CacheConfig>()?.path, "other.db");
///
/// let app = kernel_with("APP_CACHE__LIFETIME", "5m").start().await?;
/// assert_eq!(app.get::<CacheConfig>()?.lifetime, Duration::from_secs(300));
///
/// let error = kernel_with("APP_CACHE__ENTRIES", "0").start().await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the config is broken\n  cache.entries (APP_CACHE__ENTRIES, environment): found 0, expected at least 1"
/// );
/// # Ok(()) });
/// ```
pub trait Section: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the section and of its file: `server`.
    const NAME: &'static str;

    /// Keys that have a variable of their own beside `APP_<SECTION>__<KEY>`. If both are set, `APP_<SECTION>__<KEY>` wins.
    ///
    /// In `("rates.url", "RATES_URL")`, the first is the key path inside the section, and the second is the variable.
    const VARIABLES: &'static [(&'static str, &'static str)] = &[];

    /// Returns the values that the section refuses although their types allow them: a minimum above its maximum, or a
    /// certificate without its key. It is asked only if every value has its type.
    fn check(&self) -> Vec<Invalid> {
        Vec::new()
    }
}

/// A value that a section refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The key path inside the section: `limits.max_connections`.
    pub key: &'static str,
    /// What would have been right: `a number below highest`.
    pub expected: String,
}
