//! What a call is known by in logs, through all services that it passes.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::tls::provider;

/// The header that hands it on.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest that is taken over, in bytes. A longer one is no id, and would be repeated in every line of the log.
const LONGEST: usize = 128;

/// The id that a caller sent, where it can be repeated in a log.
pub(crate) fn sent(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let is_printable = |byte: &u8| byte.is_ascii_graphic();
    let bytes = id.as_bytes();
    let is_id = !bytes.is_empty() && bytes.len() <= LONGEST && bytes.iter().all(is_printable);
    is_id.then(|| id.clone())
}

/// A new one: 128 random bits in hexadecimal.
pub(crate) fn make() -> HeaderValue {
    let mut bytes = [0; 16];
    // A system without random bytes has calls without an id, and everything else of it fails as well.
    if provider().secure_random.fill(&mut bytes).is_err() {
        return HeaderValue::from_static("none");
    }
    let text = format!("{:032x}", u128::from_be_bytes(bytes));
    HeaderValue::try_from(text).expect("hexadecimal digits are a header value")
}
