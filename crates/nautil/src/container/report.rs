//! What a check reports where many resolutions failed for few causes.

use std::collections::HashSet;
use std::error::Error;
use std::iter::successors;

use super::error::{Frame, ResolveError, ResolveFault};

/// Drops each error that has the same cause as an earlier one, and those whose cause is that `boot` has not made a value yet.
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

/// What errors with the same cause have in common: the fault, and if something is missing, the binding that needs it.
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

/// Whether the cause is that `boot` has not made a value yet. A factory may have turned that into an error of its own, so the whole
/// chain is searched.
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
