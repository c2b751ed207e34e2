//! The span of a call: what a log line, and a profile of time, says where it belongs.

use tracing::{Instrument, debug_span};

use super::reply::Reply;

/// Puts the future of a call, its handler in it, into a span. Where nobody wants the span, that costs a comparison.
pub(super) fn around(service: &'static str, method: &str, reply: Reply) -> Reply {
    let span = debug_span!(target: "nautil::call", "call", service, method);
    if span.is_disabled() {
        return reply;
    }
    Box::pin(reply.instrument(span))
}
