//! How long a call may take: what the caller set, or else the config's deadline.

use std::cmp::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::call::{Inherited, LONGEST, parse_timeout};

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
    /// A caller's own timeout holds for the whole call, as gRPC defines it; `default` holds for `scope`. Neither is longer than
    /// what is left of the call that is being served, whose caller waits for both.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a timeout that cannot be read: a call with "some deadline" is not one without.
    pub(super) fn of(
        metadata: &MetadataMap,
        default: Duration,
        scope: Scope,
        inherited: Option<&Inherited>,
    ) -> Result<Self, Status> {
        let asked = parse_timeout(metadata.as_ref())
            .map_err(|fault| Status::invalid_argument(fault.to_string()))?;
        let own = match asked {
            Some(limit) => Self {
                limit,
                scope: Scope::Call,
            },
            None => Self {
                limit: default.min(LONGEST),
                scope,
            },
        };
        let Some(deadline) = inherited.and_then(|inherited| inherited.deadline) else {
            return Ok(own);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        Ok(match own.limit.cmp(&left) {
            Ordering::Less | Ordering::Equal if own.scope == Scope::Call => own,
            // A stream that has its headers in time still has to end with the call that waits for it.
            _ => Self {
                limit: left,
                scope: Scope::Call,
            },
        })
    }
}
