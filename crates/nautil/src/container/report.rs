//! What a check says, where many resolutions failed for few causes.

use std::collections::HashSet;
use std::error::Error;
use std::iter::successors;

use super::error::{Frame, ResolveError, ResolveFault};

/// Drops the errors that have the same cause as an earlier one, and those of what boot has not made yet.
pub(crate) fn distinct(errors: impl IntoIterator<Item = ResolveError>) -> Vec<ResolveError> {
    let mut seen = HashSet::new();
    let mut kept: Vec<ResolveError> = errors
        .into_iter()
        .filter(|error| !awaits_boot(error) && seen.insert(cause(error)))
        .collect();
    // A thread that gave up waiting for a member of a ring tells half of what the ring tells.
    let rings: Vec<String> = kept.iter().filter_map(ring).flatten().cloned().collect();
    kept.retain(|error| match &error.fault {
        ResolveFault::Unfinished { binding, .. } => !rings.contains(&binding.implementation),
        _ => true,
    });
    kept
}

/// What two errors with one cause have in common: the fault, and for what is missing who needs it.
fn cause(error: &ResolveError) -> (String, Option<Frame>) {
    match &error.fault {
        ResolveFault::Missing { .. } => (error.fault.to_string(), error.trace.first().cloned()),
        // A ring is the same ring wherever one enters it.
        ResolveFault::Circular { ring } => {
            let mut members = ring.clone();
            members.sort();
            members.dedup();
            (members.join(" "), None)
        }
        fault => (fault.to_string(), None),
    }
}

/// Whether all that is wrong is that boot has not made something yet. A factory may have made an error of its own of it.
fn awaits_boot(error: &ResolveError) -> bool {
    let first = error as &(dyn Error + 'static);
    let causes = successors(Some(first), |&error| error.source());
    causes
        .filter_map(<dyn Error>::downcast_ref)
        .any(|error: &ResolveError| matches!(error.fault, ResolveFault::NotMade { .. }))
}

fn ring(error: &ResolveError) -> Option<&Vec<String>> {
    match &error.fault {
        ResolveFault::Circular { ring } => Some(ring),
        _ => None,
    }
}
