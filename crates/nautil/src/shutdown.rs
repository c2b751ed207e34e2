//! The request to stop. What makes the request, signals among others, is in other files.

use tokio_util::sync::CancellationToken;

/// Tells when the application is to stop. Every clone is told by the same request.
///
/// ```
/// use nautil::kernel::Shutdown;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let shutdown = Shutdown::default();
/// let stopping = shutdown.clone();
/// let task = tokio::spawn(async move {
///     stopping.requested().await;
///     "stopped"
/// });
/// assert!(!shutdown.is_requested());
/// shutdown.request();
/// assert_eq!(task.await?, "stopped");
/// # Ok::<(), tokio::task::JoinError>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Asks the application to stop.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Resolves once the application is asked to stop.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Says whether the application was asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }
}
