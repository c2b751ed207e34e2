//! How code that runs for a call finds its context, and takes the call along.

use std::future::Future;

use tokio::task::JoinHandle;
use tonic::{Code, Request, Status};

use super::context::Context;
use super::current::{self, Current, Scope};

/// A request as a handler sees it, with its [`Context`].
pub trait RequestExt {
    /// The context of the call. It is that of the call which is being served where this is asked: in the handler, in its
    /// response stream, and in tasks that [`Context::spawn`] started.
    ///
    /// Elsewhere, as in a test that calls a handler as a function, it is a context of no call: without a deadline, with an
    /// unknown peer, and never over.
    fn context(&self) -> Context;
}

impl<T> RequestExt for Request<T> {
    fn context(&self) -> Context {
        current::context().unwrap_or_else(Context::none)
    }
}

impl Context {
    /// The context of the call that is being served where this is asked; nothing outside of a call.
    #[must_use]
    pub fn current() -> Option<Self> {
        current::context()
    }

    /// Starts a task that belongs to the call: it is dropped once the call is over, and outgoing calls in it inherit from the
    /// call.
    ///
    /// # Errors
    /// The task's result is CANCELLED where the call was over before it.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<Result<F::Output, Status>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let scope = Scope::task(Current::of(self));
        let over = self.token().clone();
        tokio::spawn(async move {
            let ended = over.run_until_cancelled(scope.run(future)).await;
            ended.ok_or_else(|| Status::new(Code::Cancelled, "the call is over"))
        })
    }
}
