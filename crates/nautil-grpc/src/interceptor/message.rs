//! One message of a call, as interceptors see it.

use std::fmt;

use bytes::Bytes;
use prost::Message;
use prost_reflect::DynamicMessage;
use tonic::Status;

use crate::codec::Half;
use crate::{EncodedMessage, Method};

/// One message of a request or of a response: in the bytes that it is sent in, and in any other form that is asked for.
pub struct InterceptedMessage {
    method: &'static Method,
    half: Half,
    bytes: Bytes,
}

impl InterceptedMessage {
    pub(crate) fn new(method: &'static Method, half: Half, message: EncodedMessage) -> Self {
        Self {
            method,
            half,
            bytes: message.into_bytes(),
        }
    }

    pub(crate) fn into_encoded(self) -> EncodedMessage {
        EncodedMessage::new(self.bytes)
    }

    /// The method that was called.
    #[must_use]
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// The message as it is sent, without compression and without its length.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The message as a type of Rust.
    ///
    /// # Errors
    /// INTERNAL where the bytes are none of `M`.
    pub fn decode<M: Message + Default>(&self) -> Result<M, Status> {
        M::decode(self.bytes.clone()).map_err(|error| self.malformed(&error))
    }

    /// The message with the fields that its contract names, for code that is for any message.
    ///
    /// # Errors
    /// INTERNAL where the bytes are none of the method's message, or where nobody said what that is: the method is of no
    /// generated code.
    pub fn to_dynamic(&self) -> Result<DynamicMessage, Status> {
        let Some(method) = self.method.descriptor() else {
            let text = format!("`{}` has no descriptor", self.method);
            return Err(Status::internal(text));
        };
        let message = match self.half {
            Half::Request => method.input(),
            Half::Response => method.output(),
        };
        DynamicMessage::decode(message, self.bytes.clone()).map_err(|error| self.malformed(&error))
    }

    /// Puts another message in its place.
    pub fn replace<M: Message>(&mut self, message: &M) {
        self.bytes = EncodedMessage::of(message).into_bytes();
    }

    fn malformed(&self, error: &prost::DecodeError) -> Status {
        tracing::debug!(%error, method = %self.method, "a malformed message");
        Status::internal(format!("the {} has a malformed message", self.half))
    }
}

impl fmt::Debug for InterceptedMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InterceptedMessage")
            .field("method", self.method)
            .field("half", &self.half)
            .field("size", &self.bytes.len())
            .finish()
    }
}
