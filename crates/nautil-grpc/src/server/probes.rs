//! What probes over HTTP are told: `/livez` and `/readyz`, in plain text.

use std::fmt::Write;

use http::StatusCode;

use super::health::{CheckState, Phase, Standing, State};
use super::pages::{PageResponse, text};

/// `/livez`: the process answers. Neither checks nor workers are asked: a restart mends no dependency, and a worker that is
/// busy is not dead.
pub(super) fn live() -> PageResponse {
    text("alive\n")
}

/// `/readyz`: 200 where the server as a whole takes calls, else 503; and a line for each check.
pub(super) fn ready(state: &State) -> PageResponse {
    let is_ready = state.is_ready();
    let first = match state.phase {
        Phase::Starting => "not ready: the server is starting",
        Phase::Draining => "not ready: the server is draining",
        Phase::Serving if is_ready => "ready",
        Phase::Serving => "not ready: a check that speaks for the server has not passed",
    };
    let mut page = format!("{first}\n");
    for check in &state.checks {
        line(&mut page, check);
    }
    let mut response = text(page);
    if !is_ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

fn line(page: &mut String, check: &CheckState) {
    let CheckState {
        name,
        scope,
        standing,
        since,
    } = check;
    let since = humantime::format_rfc3339_seconds(*since);
    // A string takes whatever is written.
    let _ = match standing {
        Standing::Waiting => writeln!(page, "{name} ({scope}): not run yet, since {since}"),
        Standing::Passing => writeln!(page, "{name} ({scope}): ok since {since}"),
        Standing::Failing { reason } => {
            writeln!(page, "{name} ({scope}): failed since {since}: {reason}")
        }
        Standing::Recovering {
            reason,
            successes,
            needed,
        } => writeln!(
            page,
            "{name} ({scope}): failed since {since}: {reason}; passed {successes} of {needed} times since"
        ),
    };
}
