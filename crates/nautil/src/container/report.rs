//! What a check says, where many resolutions failed for few causes.

use std::collections::HashSet;

use super::error::{Frame, Reason, ResolveError};

/// Drops the errors that have the same cause as an earlier one.
pub(crate) fn distinct(errors: impl IntoIterator<Item = ResolveError>) -> Vec<ResolveError> {
    let mut seen = HashSet::new();
    let mut kept: Vec<ResolveError> = errors
        .into_iter()
        .filter(|error| seen.insert(cause(error)))
        .collect();
    // A thread that gave up waiting for a member of a ring tells half of what the ring tells.
    let rings: Vec<String> = kept.iter().filter_map(ring).flatten().cloned().collect();
    kept.retain(|error| match &error.reason {
        Reason::Unfinished { binding, .. } => !rings.contains(&binding.implementation),
        _ => true,
    });
    kept
}

/// What two errors with one cause have in common: the reason, and for what is missing who needs it.
fn cause(error: &ResolveError) -> (String, Option<Frame>) {
    match &error.reason {
        Reason::Missing { .. } => (error.reason.to_string(), error.trace.first().cloned()),
        // A ring is the same ring wherever one enters it.
        Reason::Circular { ring } => {
            let mut members = ring.clone();
            members.sort();
            members.dedup();
            (members.join(" "), None)
        }
        reason => (reason.to_string(), None),
    }
}

fn ring(error: &ResolveError) -> Option<&Vec<String>> {
    match &error.reason {
        Reason::Circular { ring } => Some(ring),
        _ => None,
    }
}
