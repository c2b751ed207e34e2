//! What stands between a call and its handler, or between a caller and the network: interceptors.
//!
//! One trait for both sides, and for calls of all four kinds. The chain of a method is put together once, when the server or the
//! client is made; a method without interceptors has none, and pays nothing.
//!
//! ```text
//! server: head of the request -> chain [ first ( second ( ... ( handler ) ) ) ] -> reply
//! client: caller -> chain [ first ( second ( ... ( connection, request, response ) ) ) ] -> caller
//! ```

mod call;
mod calls;
mod chain;
mod end;
mod handling;
mod hooks;
mod message;
mod next;

use std::future::Future;
use std::pin::Pin;

use tonic::Status;

pub use self::call::{InterceptedCall, Side};
pub use self::calls::Calls;
pub use self::chain::{Interceptors, UnknownInterceptor};
pub use self::end::End;
pub use self::message::InterceptedMessage;
pub use self::next::Next;

pub(crate) use self::chain::Chain;
pub(crate) use self::end::Ends;
pub(crate) use self::handling::{Answer, Source};
pub(crate) use self::hooks::{Hooks, MessageHooks};

/// Code that calls pass through, on their way to a handler or out of a client.
///
/// [`intercept`](Self::intercept) is run once for each call, in the order of declaration: what is outside comes first. It may look
/// at the call and change the metadata of the request, go on with [`Next::run`], and look at what came of it; refuse the call
/// by an error; or answer itself. Messages and the status at the very end, which a stream has long after its head, are seen by
/// what is said to `next` before: [`Next::on_request`], [`Next::on_response`], [`Next::on_end`].
///
/// An interceptor that panics ends the call with INTERNAL, as a handler does. Time spent here is time of the call's deadline.
///
/// ```
/// use std::time::Instant;
///
/// use nautil_grpc::{InterceptedCall, Interceptor, Next, Status};
///
/// /// One line for each call, with its status and how long it took.
/// struct AccessLog;
///
/// impl Interceptor for AccessLog {
///     const NAME: &'static str = "access-log";
///
///     async fn intercept(&self, call: &mut InterceptedCall, mut next: Next<'_>) -> Result<(), Status> {
///         let (method, begun) = (call.method(), Instant::now());
///         next.on_end(move |end| {
///             tracing::info!(%method, code = ?end.code(), took = ?begun.elapsed());
///         });
///         next.run(call).await
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interceptor",
    note = "an interceptor has a `NAME` and an `async fn intercept`"
)]
pub trait Interceptor: Send + Sync + 'static {
    /// What config and errors call it. No two interceptors have the same name.
    const NAME: &'static str;

    /// Sees a call through.
    ///
    /// # Errors
    /// The status that the call ends with. One that comes from `next` is handed on as it is, or another in its place.
    fn intercept(
        &self,
        call: &mut InterceptedCall,
        next: Next<'_>,
    ) -> impl Future<Output = Result<(), Status>> + Send;
}

/// What an interceptor does with a call, to be awaited.
pub type Intercepting<'call> = Pin<Box<dyn Future<Output = Result<(), Status>> + Send + 'call>>;

/// Any [`Interceptor`].
pub trait Intercept: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Sees a call through.
    fn see_through<'call>(
        &'call self,
        call: &'call mut InterceptedCall,
        next: Next<'call>,
    ) -> Intercepting<'call>;
}

impl<I: Interceptor> Intercept for I {
    fn name(&self) -> &'static str {
        I::NAME
    }

    fn see_through<'call>(
        &'call self,
        call: &'call mut InterceptedCall,
        next: Next<'call>,
    ) -> Intercepting<'call> {
        Box::pin(self.intercept(call, next))
    }
}
