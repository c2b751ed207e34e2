//! A binding whose value is made after the container is sealed.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use shaku::Interface;

/// The place of a value that is made in the phase `boot`: see [`Bindings::deferred`](super::Bindings::deferred).
///
/// It can be filled only once, because filling consumes it. What fills it can be kept as a future until `boot` runs:
///
/// ```
/// use std::pin::Pin;
/// use std::sync::Arc;
/// use nautil::BoxError;
/// use nautil::container::{Bindings, Deferred};
///
/// struct Pool(usize);
///
/// async fn connect() -> Result<Pool, BoxError> { Ok(Pool(8)) }
///
/// let mut bindings = Bindings::default();
/// let place: Deferred<Pool> = bindings.deferred("DatabaseBootloader");
/// let boot: Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> = Box::pin(async move {
///     if place.is_needed() {
///         place.fill(Arc::new(connect().await?));
///     }
///     Ok(())
/// });
///
/// let container = bindings.seal();
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// boot.await?;
/// assert_eq!(container.get::<Pool>()?.0, 8);
/// # Ok::<(), BoxError>(())
/// # })?;
/// # Ok::<(), BoxError>(())
/// ```
#[must_use = "a deferred binding is of no use before it is filled"]
pub struct Deferred<I: ?Sized> {
    /// The binding has the value. The place does not keep it alive, so it knows when the binding is gone.
    value: Weak<OnceLock<Arc<I>>>,
}

impl<I: Interface + ?Sized> Deferred<I> {
    /// A place, and the value that will be in it.
    pub(super) fn new() -> (Self, Arc<OnceLock<Arc<I>>>) {
        let value = Arc::default();
        let deferred = Deferred {
            value: Arc::downgrade(&value),
        };
        (deferred, value)
    }

    /// Says whether anything can still ask for the value. Nothing can if something else was bound in its place, as a test
    /// does, or if the container is gone. Then the value need not be made.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.value.strong_count() > 0
    }

    /// Puts the value in its place. From then on it is resolved, decorated and injected like any other.
    pub fn fill(self, value: Arc<I>) {
        if let Some(place) = self.value.upgrade() {
            place.get_or_init(|| value);
        }
    }
}

impl<I: ?Sized> fmt::Debug for Deferred<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deferred").finish_non_exhaustive()
    }
}
