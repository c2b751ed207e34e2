//! What interceptors want to be told of one call.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tonic::Status;

use super::end::Ends;
use super::message::InterceptedMessage;
use crate::codec::Half;
use crate::panic::caught;
use crate::{EncodedMessage, Method};

/// What is done with each message.
type MessageHook = Box<dyn FnMut(&mut InterceptedMessage) -> Result<(), Status> + Send>;

/// What interceptors want to be told of one call.
#[derive(Debug)]
pub(crate) struct Hooks {
    pub(crate) requests: MessageHooks,
    pub(crate) responses: MessageHooks,
    pub(crate) ends: Ends,
}

/// What is done with each message of one half of a call.
pub(crate) struct MessageHooks {
    method: &'static Method,
    half: Half,
    /// In the order of the interceptors.
    hooks: Vec<MessageHook>,
    /// How many of them have seen the one message of a request already, because somebody inside wanted to have it.
    shown: usize,
}

impl Hooks {
    pub(crate) fn new(method: &'static Method) -> Self {
        Self {
            requests: MessageHooks::new(method, Half::Request),
            responses: MessageHooks::new(method, Half::Response),
            ends: Ends::new(method),
        }
    }

    pub(super) fn method(&self) -> &'static Method {
        self.requests.method
    }
}

impl MessageHooks {
    fn new(method: &'static Method, half: Half) -> Self {
        Self {
            method,
            half,
            hooks: Vec::new(),
            shown: 0,
        }
    }

    pub(super) fn push(&mut self, hook: MessageHook) {
        self.hooks.push(hook);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            method: self.method,
            half: self.half,
            hooks: std::mem::take(&mut self.hooks),
            shown: self.shown,
        }
    }

    /// Shows a message to all: requests come from outside, responses from inside. A request of one message that is shown again is shown
    /// to those that have not seen it.
    ///
    /// # Errors
    /// That of the first that refuses it.
    pub(crate) fn show(&mut self, message: EncodedMessage) -> Result<EncodedMessage, Status> {
        let mut message = InterceptedMessage::new(self.method, self.half, message);
        let is_one = self.half == Half::Request && !self.method.kind().has_request_stream();
        let seen = if is_one { self.shown } else { 0 };
        self.shown = self.hooks.len();
        let mut hooks = self.hooks[seen..].iter_mut();
        let shown = || match self.half {
            Half::Request => hooks.try_for_each(|hook| hook(&mut message)),
            Half::Response => hooks.rev().try_for_each(|hook| hook(&mut message)),
        };
        // What a panic leaves half done is the hook's own, or the message, which goes no further.
        match catch_unwind(AssertUnwindSafe(shown)) {
            Ok(shown) => shown.map(|()| message.into_encoded()),
            Err(panic) => Err(caught(panic, "an interceptor", self.method)),
        }
    }
}

impl fmt::Debug for MessageHooks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageHooks({})", self.hooks.len())
    }
}
