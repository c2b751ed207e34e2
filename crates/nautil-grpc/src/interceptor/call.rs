//! One call, as interceptors see it.

use std::fmt;

use http::HeaderValue;
use prost::Message;
use tokio::time::Instant;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::{Context, EncodedMessage, Method};

/// One call on its way through interceptors.
pub struct InterceptedCall {
    side: Side,
    method: &'static Method,
    metadata: MetadataMap,
    response_metadata: MetadataMap,
    /// What is answered in place of what comes behind the interceptors.
    answer: Option<Vec<EncodedMessage>>,
    /// Whether there is a response.
    is_answered: bool,
    /// That of an outgoing call, if anybody asked for it.
    context: Option<Context>,
    deadline: Option<Instant>,
    request_id: Option<HeaderValue>,
}

/// Which side of a call this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The call is served here.
    Server,
    /// The call is made here.
    Client,
}

impl InterceptedCall {
    /// A call that is served. It has its context in the usual place.
    pub(crate) fn served(method: &'static Method, metadata: MetadataMap) -> Self {
        Self {
            side: Side::Server,
            method,
            metadata,
            response_metadata: MetadataMap::new(),
            answer: None,
            is_answered: false,
            context: None,
            deadline: None,
            request_id: None,
        }
    }

    /// A call that is made.
    pub(crate) fn made(
        method: &'static Method,
        metadata: MetadataMap,
        deadline: Option<Instant>,
        request_id: Option<HeaderValue>,
    ) -> Self {
        Self {
            side: Side::Client,
            method,
            metadata,
            response_metadata: MetadataMap::new(),
            answer: None,
            is_answered: false,
            context: None,
            deadline,
            request_id,
        }
    }

    /// Which side of the call this is.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }

    /// The method that is called.
    #[must_use]
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// The context of this call: at a server the one that the handler has, at a client that of the outgoing call, whose peer is
    /// not known. The call that a client is used in is [`Context::current`].
    pub fn context(&mut self) -> Context {
        if self.side == Side::Server {
            return Context::current().unwrap_or_else(Context::none);
        }
        let made = || Context::outgoing(self.method, self.deadline, self.request_id.clone());
        self.context.get_or_insert_with(made).clone()
    }

    /// The metadata of the request.
    #[must_use]
    pub fn metadata(&self) -> &MetadataMap {
        &self.metadata
    }

    /// The metadata of the request, to be changed before the handler, or the server, sees them.
    pub fn metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.metadata
    }

    /// The metadata in the head of the response, once there is one.
    #[must_use]
    pub fn response_metadata(&self) -> &MetadataMap {
        &self.response_metadata
    }

    /// The same, to be changed before they are sent, or before the caller sees them.
    pub fn response_metadata_mut(&mut self) -> &mut MetadataMap {
        &mut self.response_metadata
    }

    /// Answers the call with these messages, in place of what the handler or the server answered or would answer. A method
    /// whose response is no stream takes just one.
    ///
    /// What is known only as bytes is an [`EncodedMessage`].
    pub fn answer<M: Message>(&mut self, messages: impl IntoIterator<Item = M>) {
        let messages = messages.into_iter();
        let encoded = messages.map(|message| EncodedMessage::of(&message));
        self.answer = Some(encoded.collect());
        self.is_answered = true;
    }

    /// Notes that what is behind the interceptors answered, with this head.
    pub(crate) fn answered(&mut self, metadata: MetadataMap) {
        self.response_metadata = metadata;
        self.is_answered = true;
    }

    pub(crate) fn take_metadata(&mut self) -> MetadataMap {
        std::mem::take(&mut self.metadata)
    }

    pub(crate) fn take_response_metadata(&mut self) -> MetadataMap {
        std::mem::take(&mut self.response_metadata)
    }

    /// The messages of an interceptor that answered itself.
    ///
    /// # Errors
    /// INTERNAL where they are not as many as the method's response has.
    pub(crate) fn take_answer(&mut self) -> Result<Option<Vec<EncodedMessage>>, Status> {
        let answer = self.answer.take();
        if let Some(messages) = &answer
            && !self.method.kind().has_response_stream()
            && messages.len() != 1
        {
            tracing::error!(
                method = %self.method,
                messages = messages.len(),
                "an interceptor answered with a number of messages that the method does not have",
            );
            return Err(Status::internal("internal error"));
        }
        Ok(answer)
    }

    /// The context of an outgoing call, if anybody asked for it.
    pub(crate) fn outgoing_context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// The same, for whoever sees the end of the call.
    pub(crate) fn take_outgoing_context(&mut self) -> Option<Context> {
        self.context.take()
    }

    /// # Errors
    /// INTERNAL where an interceptor says that all is well, and there is no response.
    pub(super) fn refuse_silence(&self, interceptor: &'static str) -> Result<(), Status> {
        if self.is_answered {
            return Ok(());
        }
        tracing::error!(
            interceptor,
            method = %self.method,
            "an interceptor neither went on nor answered",
        );
        Err(Status::internal("internal error"))
    }
}

/// A call that is left before its response is over.
impl Drop for InterceptedCall {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            context.end();
        }
    }
}

impl fmt::Debug for InterceptedCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Metadata may have credentials.
        formatter
            .debug_struct("InterceptedCall")
            .field("side", &self.side)
            .field("method", self.method)
            .field("is_answered", &self.is_answered)
            .finish_non_exhaustive()
    }
}
