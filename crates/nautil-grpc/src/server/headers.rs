//! How large the headers of a request may be.

use tonic::Status;

use super::reply::{self, Reply};

/// How much more than the limit HTTP/2 lets in. What is within it is refused by a status of gRPC, and what is beyond it by HTTP's status 431,
/// before it is in memory.
pub(super) const SLACK: u32 = 16 << 10;

/// The overhead of a header, as HTTP/2 counts it (RFC 9113, section 6.5.2).
const OVERHEAD: usize = 32;

/// The reply to a request whose headers are larger than `limit`, in bytes; nothing where they are not.
pub(super) fn refused<B>(request: &http::Request<B>, limit: u32) -> Option<Reply> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut size = request.uri().path().len() + 4 * OVERHEAD;
    for (name, value) in request.headers() {
        size += name.as_str().len() + value.len() + OVERHEAD;
    }
    (size > limit).then(|| {
        reply::status(Status::resource_exhausted(format!(
            "the request has {size} bytes of headers; the limit is {limit}"
        )))
    })
}
