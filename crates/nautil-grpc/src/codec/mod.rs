//! Messages with their length before them, as gRPC has them in requests and in responses.
//!
//! One set of files for both sides, and for calls of one message and of many: [`encode`] and [`Batch`] make bytes of messages,
//! [`Decoder`] makes messages of bytes. How the bytes travel is known to the server and the client, and to nobody here.
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>

mod decode;
mod encode;
mod encoded;
mod encoding;
mod stream;

use std::fmt;

use http::{HeaderMap, HeaderName};

pub(crate) use self::decode::{DecodeFault, Decoder};
pub(crate) use self::encode::{Batch, Compressor, TooLarge, encode};
pub use self::encoded::EncodedMessage;
pub use self::encoding::{Encoding, EncodingTwice, Encodings};
pub(crate) use self::stream::{Chunk, Encoder};

/// Says what the messages of this side are compressed by.
pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// Says what the messages of the other side may be compressed by.
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What these headers say that messages are compressed by; nothing for messages as they are.
///
/// # Errors
/// The name that stands there, of an encoding that nobody here knows.
pub(crate) fn stated_encoding(headers: &HeaderMap) -> Result<Option<Encoding>, &str> {
    let Some(stated) = headers.get(GRPC_ENCODING) else {
        return Ok(None);
    };
    match stated.to_str() {
        Ok("identity") => Ok(None),
        Ok(stated) => Encoding::named(stated).map(Some).ok_or(stated),
        Err(_) => Err("?"),
    }
}

/// Whether this content type is gRPC with messages of protobuf: `application/grpc` or `application/grpc+proto`, with parameters or
/// without. `application/grpc+json` and `application/grpc-web` are not.
pub(crate) fn is_proto(content_type: &[u8]) -> bool {
    let media_type = content_type.split(|byte| *byte == b';').next();
    let media_type = media_type.unwrap_or_default().trim_ascii();
    // Media types are the same in any case (RFC 9110, section 8.3.1).
    media_type.eq_ignore_ascii_case(b"application/grpc")
        || media_type.eq_ignore_ascii_case(b"application/grpc+proto")
}

/// The bytes before a message: whether it is compressed, and its length in four bytes, the most significant first.
const PREFIX: usize = 5;

/// Which half of a call a message belongs to, for the words of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// From the client to the server.
    Request,
    /// From the server to the client.
    Response,
}

impl fmt::Display for Half {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}
