//! How long a call may take: what the caller set, or else the config's deadline.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::call::{Inherited, LONGEST, parse_timeout};

/// How long a call may take from now; nothing where nobody says.
///
/// A caller's own timeout comes before `default`. Neither is longer than what is left of the call that is being served, whose
/// caller waits for both.
///
/// # Errors
/// INVALID_ARGUMENT for a timeout that cannot be read: a call with "some deadline" is not one without.
pub(super) fn limit(
    metadata: &MetadataMap,
    default: Option<Duration>,
    inherited: Option<&Inherited>,
) -> Result<Option<Duration>, Status> {
    let own = asked(metadata)?.or_else(|| default.map(|limit| limit.min(LONGEST)));
    let deadline = inherited.and_then(|inherited| inherited.deadline);
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    Ok(match (own, left) {
        (Some(own), Some(left)) => Some(own.min(left)),
        (own, left) => own.or(left),
    })
}

/// The timeout that the caller, or an interceptor, set.
///
/// # Errors
/// INVALID_ARGUMENT for one that cannot be read.
pub(super) fn asked(metadata: &MetadataMap) -> Result<Option<Duration>, Status> {
    parse_timeout(metadata.as_ref()).map_err(|fault| Status::invalid_argument(fault.to_string()))
}
