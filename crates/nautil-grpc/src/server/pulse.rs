//! Whether the workers still get round to new work: what a service manager's watchdog asks.

use tokio::runtime::Handle;

/// The workers of a server, to be asked for a sign of life.
#[derive(Debug, Clone)]
pub struct Pulse(Vec<Handle>);

impl Pulse {
    pub(super) fn new(runtimes: Vec<Handle>) -> Self {
        Self(runtimes)
    }

    /// Resolves once every worker has run a task that it is given now. One that a handler blocks keeps it waiting; in
    /// `shared` mode that takes handlers on all threads.
    pub async fn beat(&self) {
        let beats: Vec<_> = self
            .0
            .iter()
            .map(|runtime| runtime.spawn(async {}))
            .collect();
        for beat in beats {
            // A runtime that is shut down drops the task: it will not be asked again.
            let _ = beat.await;
        }
    }
}
