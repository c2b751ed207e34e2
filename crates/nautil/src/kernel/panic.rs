//! Panics of an application's own code, which end a phase and not the process.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Code of the application panicked. Where, is on standard error already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {0}")]
pub(super) struct Panicked(String);

impl Panicked {
    pub(super) fn of(panic: &(dyn Any + Send)) -> Self {
        let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            _ => "without a word".to_owned(),
        };
        Self(text)
    }
}

/// Awaits code of the application. What a panic breaks is dropped with the future; what it shares with others must bear it,
/// as with the panic of any thread.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    ended.map_err(|panic| Panicked::of(&*panic))
}
