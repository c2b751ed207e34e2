//! What a client calls itself.

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};

const AGENT: &str = concat!("nautil/", env!("CARGO_PKG_VERSION"));

/// Puts the framework's name behind those that the caller gave, as gRPC has it.
pub(super) fn name(headers: &mut HeaderMap) {
    let agent = match headers.get(USER_AGENT) {
        None => HeaderValue::from_static(AGENT),
        Some(theirs) => {
            let both = [theirs.as_bytes(), b" ", AGENT.as_bytes()].concat();
            HeaderValue::from_bytes(&both).expect("two header values and a space are one")
        }
    };
    headers.insert(USER_AGENT, agent);
}
