//! What a struct must state to be a section of the configuration.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A section: `config/<NAME>.toml`, `APP_<NAME>__<KEY>`, and `Arc<Self>` in the container.
///
/// The struct says `#[serde(deny_unknown_fields)]`, so that a mistyped key is an error.
pub trait Section: Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the section and of its file: `server`.
    const NAME: &'static str;

    /// Keys that have a variable of their own beside `APP_<SECTION>__<KEY>`: `("rates.url", "RATES_URL")` is the key
    /// path inside the section, then the variable.
    const VARIABLES: &'static [(&'static str, &'static str)] = &[];

    /// What no type can say: that one value is below another, that a file is named together with its key.
    fn check(&self) -> Vec<Invalid> {
        Vec::new()
    }
}

/// A value that the section itself refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The key path inside the section: `limits.max_connections`.
    pub key: &'static str,
    /// What would have been right: `a number below highest`.
    pub expected: String,
}
