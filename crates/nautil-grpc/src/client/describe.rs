//! A failed call in one line.

use tonic::Status;
use tonic_types::StatusExt;

use super::{Failure, FailureKind};
use crate::code::code_name;

/// Says in one line who was called, what came of it, and with which code.
///
/// ```
/// use nautil_grpc::Status;
/// use nautil_grpc::client::describe;
///
/// let status = Status::not_found("no rate of XAU");
/// assert_eq!(describe(&status), "NOT_FOUND: no rate of XAU");
/// ```
#[must_use]
pub fn describe(status: &Status) -> String {
    let code = code_name(status.code());
    let Some(failure) = Failure::of(status) else {
        return one_line(&stated(status));
    };
    let stated = stated(status);
    let line = match failure.kind() {
        FailureKind::Answered => format!("{failure} answered {stated}"),
        FailureKind::Unreachable => format!("{failure} cannot be reached: {stated}"),
        FailureKind::NotGrpc => format!("{failure} is no gRPC server: {stated}"),
        FailureKind::Interrupted => format!("{failure} broke off: {stated}"),
        FailureKind::DeadlineExceeded { limit } => format!(
            "{failure} did not answer within {}: {code}",
            humantime::format_duration(limit)
        ),
        FailureKind::HostNotSet => format!("{failure} has no host: {stated}"),
        FailureKind::OutgoingStream => {
            format!("the call to {failure} was given up, its messages stopped: {stated}")
        }
        FailureKind::Unreadable => {
            format!("{failure} sent an answer that cannot be read: {stated}")
        }
    };
    match failure.hint() {
        Some(hint) => one_line(&format!("{line}; {hint}")),
        None => one_line(&line),
    }
}

/// `CODE: message (field: what is wrong with it)`, without the parts that are empty.
fn stated(status: &Status) -> String {
    let mut text = code_name(status.code()).to_owned();
    if !status.message().is_empty() {
        text.push_str(": ");
        text.push_str(status.message());
    }
    let violations = status
        .get_details_bad_request()
        .map(|details| details.field_violations)
        .unwrap_or_default();
    let unsaid: Vec<String> = violations
        .into_iter()
        .filter(|violation| !status.message().contains(&violation.description))
        .map(|violation| format!("{}: {}", violation.field, violation.description))
        .collect();
    if !unsaid.is_empty() {
        text.push_str(" (");
        text.push_str(&unsaid.join("; "));
        text.push(')');
    }
    text
}

/// A server's message is not to move the cursor of a terminal, nor to fake a second line of a log.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
