//! What an application wrote for the server's own threads, run where it can harm nobody: on a thread for blocking work, so that
//! one that blocks holds up no other, with its panic caught.

use std::any::Any;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A future that runs aside. Dropped, it is cancelled where it next waits.
#[derive(Debug)]
pub(super) struct Aside<T> {
    /// `None` is one that was cancelled.
    task: JoinHandle<Option<T>>,
    stop: DropGuard,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    Done(T),
    /// It panicked, with these words.
    Panicked(String),
    /// It took too long, or the application ended before it.
    Late,
}

impl<T: Send + 'static> Aside<T> {
    /// Runs what `make` makes. Whatever it waits for is watched by `runtime`.
    pub(super) fn run<F, M>(runtime: &Handle, make: M) -> Self
    where
        F: Future<Output = T>,
        M: FnOnce() -> F + Send + 'static,
    {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let own = runtime.clone();
        let task = runtime.spawn_blocking(move || {
            own.block_on(async { stopped.run_until_cancelled(make()).await })
        });
        Self {
            task,
            stop: stop.drop_guard(),
        }
    }

    /// Waits for the end, up to `limit`.
    pub(super) async fn within(&mut self, limit: Duration) -> Outcome<T> {
        match timeout(limit, &mut self.task).await {
            Ok(Ok(Some(done))) => Outcome::Done(done),
            Ok(Err(error)) if error.is_panic() => Outcome::Panicked(words(&*error.into_panic())),
            Ok(Ok(None) | Err(_)) | Err(_) => Outcome::Late,
        }
    }

    /// Cancels it, and waits until it has left its thread: one that blocks may take as long as it likes.
    pub(super) async fn cancel(self) {
        drop(self.stop);
        if !self.task.is_finished() {
            // How it ended was asked before.
            let _ = self.task.await;
        }
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => String::new(),
    }
}
