//! How long a call may take: what the caller set, or else the config's deadline.

use std::time::Duration;

use tonic::metadata::MetadataMap;

/// The longest that the eight digits of `grpc-timeout` state to the second: three years.
pub(super) const LONGEST: Duration = Duration::from_secs(99_999_999);

/// A limit, and the part of the call that it holds for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) limit: Duration,
    pub(super) scope: Scope,
}

/// The part of a call that a deadline holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it.
    Call,
    /// Until the response headers.
    Headers,
}

impl Deadline {
    /// A caller's own timeout holds for the whole call, as gRPC defines it; `default` holds for `scope`.
    pub(super) fn of(metadata: &MetadataMap, default: Duration, scope: Scope) -> Self {
        match requested(metadata) {
            Some(limit) => Self {
                limit,
                scope: Scope::Call,
            },
            None => Self {
                limit: default.min(LONGEST),
                scope,
            },
        }
    }
}

/// The request's `grpc-timeout`: up to eight digits and a unit.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>
fn requested(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}
