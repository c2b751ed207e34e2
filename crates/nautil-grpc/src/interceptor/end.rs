//! The end of a call, as interceptors see it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::panic::caught;
use crate::{Context, Method};

/// What is done at the end of a call.
pub(super) type EndHook = Box<dyn FnOnce(&mut End) + Send>;

/// How a call ended: its status, and its trailing metadata.
#[derive(Debug)]
pub struct End {
    status: Result<(), Status>,
    trailers: MetadataMap,
}

impl End {
    /// The code of the status.
    #[must_use]
    pub fn code(&self) -> Code {
        self.status
            .as_ref()
            .map_or_else(Status::code, |()| Code::Ok)
    }

    /// The status of a call that failed; nothing of one that succeeded.
    #[must_use]
    pub fn error(&self) -> Option<&Status> {
        self.status.as_ref().err()
    }

    /// Lets the call fail with this status, in place of what it has. A call that failed cannot be made to succeed here: its
    /// messages are missing, and OK is not taken.
    pub fn fail(&mut self, status: Status) {
        if status.code() != Code::Ok {
            self.status = Err(status);
        }
    }

    /// The metadata behind the last message: what a server adds to its own, and what a client received.
    #[must_use]
    pub fn trailers(&self) -> &MetadataMap {
        &self.trailers
    }

    /// The same, to be changed.
    pub fn trailers_mut(&mut self) -> &mut MetadataMap {
        &mut self.trailers
    }
}

/// What is to be done at the end of one call. Where nobody comes to the end, as when the caller went away, the end is that it was
/// cancelled.
pub(crate) struct Ends {
    method: &'static Method,
    hooks: Vec<EndHook>,
    /// That of an outgoing call, if anybody asked for it.
    context: Option<Context>,
}

impl Ends {
    pub(super) fn new(method: &'static Method) -> Self {
        Self {
            method,
            hooks: Vec::new(),
            context: None,
        }
    }

    pub(super) fn push(&mut self, hook: EndHook) {
        self.hooks.push(hook);
    }

    /// Ends this context with the call.
    pub(crate) fn end_context(&mut self, context: Context) {
        self.context = Some(context);
    }

    /// Whether nobody waits for the end.
    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty() && self.context.is_none()
    }

    /// Tells everybody of the end, those who are inside first, and returns what they made of it.
    pub(crate) fn run(
        mut self,
        status: Result<(), Status>,
        trailers: MetadataMap,
    ) -> (Result<(), Status>, MetadataMap) {
        let end = self.tell(status, trailers);
        (end.status, end.trailers)
    }

    fn tell(&mut self, status: Result<(), Status>, trailers: MetadataMap) -> End {
        let mut end = End { status, trailers };
        while let Some(hook) = self.hooks.pop() {
            // What a panic leaves half done is its own, or the status, which is replaced.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hook(&mut end))) {
                end.fail(caught(panic, "an interceptor", self.method));
            }
        }
        if let Some(context) = self.context.take() {
            context.end();
        }
        end
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.is_empty() {
            let status = Status::cancelled("the call was left before its end");
            self.tell(Err(status), MetadataMap::new());
        }
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ends({})", self.hooks.len())
    }
}
