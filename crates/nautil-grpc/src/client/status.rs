//! The status at the end of a response.

use http::HeaderMap;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::call::received;

/// The status that these headers state; nothing where they state none.
///
/// What is wrong with its message or its details takes the code away from nobody: a message that is no UTF-8 is told as well as
/// it can be, and details that are no Base64 are left out.
pub(super) fn of(headers: &HeaderMap) -> Option<Status> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    let message = headers.get(Status::GRPC_MESSAGE);
    let message = message.map_or_else(String::new, |message| decode(message.as_bytes()));
    let metadata = MetadataMap::from_headers(headers.clone());
    let details = metadata.get_bin(Status::GRPC_STATUS_DETAILS.as_str());
    let details = details.and_then(|details| details.to_bytes().ok());
    let metadata = without(metadata.into_headers());
    Some(Status::with_details_and_metadata(
        code,
        message,
        details.unwrap_or_default(),
        received(metadata),
    ))
}

/// The trailers without those that are the status.
pub(super) fn without(mut trailers: HeaderMap) -> HeaderMap {
    trailers.remove(Status::GRPC_STATUS);
    trailers.remove(Status::GRPC_MESSAGE);
    trailers.remove(Status::GRPC_STATUS_DETAILS);
    trailers
}

/// Undoes the percent-encoding of a message. A `%` that begins no escape stands for itself.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>
fn decode(encoded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%'
            && let Some((digits, beyond)) = after.split_at_checked(2)
            && let Some(byte) = hexadecimal(digits)
        {
            bytes.push(byte);
            rest = beyond;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hexadecimal.then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use http::HeaderMap;
    use tonic::Code;

    use super::of;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_code_is_taken_whatever_stands_beside_it() {
        let status = of(&headers(&[
            ("grpc-status", "5"),
            ("grpc-message", "caf%E9 100%, %C3%A9, %+1"),
            ("grpc-status-details-bin", "!!!"),
            ("retry-after", "1"),
        ]));
        let status = status.unwrap();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "caf\u{fffd} 100%, é, %+1");
        assert!(status.details().is_empty());
        assert_eq!(status.metadata().len(), 1);

        let status = of(&headers(&[
            ("grpc-status", "5"),
            ("grpc-status-details-bin", "CAU"),
        ]));
        assert_eq!(status.unwrap().details(), b"\x08\x05");
        assert_eq!(
            of(&headers(&[("grpc-status", "five")])).unwrap().code(),
            Code::Unknown
        );
        assert!(of(&headers(&[("grpc-message", "x")])).is_none());
    }
}
