//! What comes behind an interceptor.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tonic::Status;

use super::Intercept;
use super::call::InterceptedCall;
use super::end::End;
use super::hooks::Hooks;
use super::message::InterceptedMessage;
use crate::EncodedMessage;
use crate::codec::Half;

/// What comes behind an interceptor: those inside of it, and at last the handler, or the network.
///
/// What an interceptor wants to be told later is said here before it goes on. Those outside see a request first, and a response
/// and the end last.
pub struct Next<'call> {
    rest: &'call [Arc<dyn Intercept>],
    terminal: Pin<&'call mut (dyn Terminal + 'call)>,
    hooks: &'call mut Hooks,
}

/// What is behind the last interceptor.
pub(super) trait Terminal: Send {
    /// Reads the one message of the request, where it has one; it is kept for the call itself. To be asked before that begins.
    fn poll_request(
        self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Result<Option<EncodedMessage>, Status>>;

    /// Keeps the message that interceptors made of it.
    fn keep_request(self: Pin<&mut Self>, message: EncodedMessage);

    /// Does a part of the call. It is asked again until it is ready, and not after that.
    fn poll(
        self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        call: &mut InterceptedCall,
        hooks: &mut Hooks,
    ) -> Poll<Result<(), Status>>;
}

impl<'call> Next<'call> {
    pub(super) fn new(
        rest: &'call [Arc<dyn Intercept>],
        terminal: Pin<&'call mut (dyn Terminal + 'call)>,
        hooks: &'call mut Hooks,
    ) -> Self {
        Self {
            rest,
            terminal,
            hooks,
        }
    }

    /// Shows each message of the request to `hook`, before the handler has it, or before it is sent. An error ends the call; where
    /// the request is a stream, the handler reads it as the stream's error.
    pub fn on_request(
        &mut self,
        hook: impl FnMut(&mut InterceptedMessage) -> Result<(), Status> + Send + 'static,
    ) {
        self.hooks.requests.push(Box::new(hook));
    }

    /// Shows each message of the response to `hook`, before it is sent, or before the caller has it. An error ends the call.
    pub fn on_response(
        &mut self,
        hook: impl FnMut(&mut InterceptedMessage) -> Result<(), Status> + Send + 'static,
    ) {
        self.hooks.responses.push(Box::new(hook));
    }

    /// Tells `hook` how the call ended, once: behind the last message, at the deadline, or when the caller went away.
    pub fn on_end(&mut self, hook: impl FnOnce(&mut End) + Send + 'static) {
        self.hooks.ends.push(Box::new(hook));
    }

    /// The one message of the request, read now; nothing where the request is a stream. Interceptors outside have seen it by then,
    /// and what they made of it is what is read.
    ///
    /// It is for what has to wait for something before the call goes on: a look into a cache, for example.
    ///
    /// # Errors
    /// The request cannot be read, or an interceptor outside refuses it. The call ends with that.
    pub async fn request(&mut self) -> Result<Option<InterceptedMessage>, Status> {
        let message = poll_fn(|context| self.terminal.as_mut().poll_request(context)).await?;
        let Some(message) = message else {
            return Ok(None);
        };
        let message = self.hooks.requests.show(message)?;
        self.terminal.as_mut().keep_request(message.clone());
        let method = self.hooks.method();
        Ok(Some(InterceptedMessage::new(
            method,
            Half::Request,
            message,
        )))
    }

    /// Goes on with the call, up to the head of its response.
    ///
    /// # Errors
    /// The status of a call that failed before the head of its response. Later failures are seen by [`on_end`](Self::on_end).
    pub async fn run(self, call: &mut InterceptedCall) -> Result<(), Status> {
        let Self {
            rest,
            mut terminal,
            hooks,
        } = self;
        match rest.split_first() {
            Some((first, rest)) => {
                let next = Next::new(rest, terminal, hooks);
                first.see_through(call, next).await?;
                call.refuse_silence(first.name())
            }
            None => poll_fn(|context| terminal.as_mut().poll(context, call, hooks)).await,
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rest.iter().map(|one| one.name());
        formatter.debug_list().entries(names).finish()
    }
}
