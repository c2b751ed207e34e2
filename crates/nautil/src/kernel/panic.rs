//! Panics of an application's own code. Each of them ends a phase, and not the process.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Code of the application panicked. The panic hook has printed already where that was.
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

/// Awaits code of the application.
///
/// A panic may leave a value half changed. What belongs to the future alone is dropped with it. What the future shares with
/// others is in the same danger as with a panic on any other thread, and locks are poisoned the same way.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let ended = AssertUnwindSafe(future).catch_unwind().await;
    ended.map_err(|panic| Panicked::of(&*panic))
}
