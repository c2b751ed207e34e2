//! Why a call failed, kept as the source of its status: who was called, and whether the server had a say.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tonic::{Code, Status};

use super::Target;
use super::dial::DialError;
use super::slot::Unconnected;
use super::wire::{NotGrpc, Notes};

/// Why a call failed: the `source` of every [`Status`] that a [`Channel`](super::Channel) returns.
///
/// It prints who was called: `currency.CurrencyRateService at 127.0.0.1:9001 (CURRENCY_RATE_SERVICE_HOST)`.
/// [`describe`](super::describe) makes the whole line.
#[derive(Debug, Clone)]
pub struct Failure {
    site: Arc<Site>,
    reason: Reason,
    hint: Option<&'static str>,
    /// tonic's status, for the sources below it.
    cause: Option<Status>,
}

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The server answered with this status: code, message, details and metadata are its own.
    Answered,
    /// No connection: nobody listens, the name does not resolve, the TLS handshake failed.
    Unreachable,
    /// Something answered that does not speak gRPC.
    NotGrpc,
    /// The connection or the stream broke before the server stated a status. The call may have had its effect.
    Interrupted,
    /// The time was over before the answer. The call may have had its effect.
    DeadlineExceeded {
        /// The time that the call had.
        limit: Duration,
    },
    /// The client has no host to call.
    HostNotSet,
    /// The caller's own stream of messages stopped at this status, and the call was reset.
    OutgoingStream,
    /// The answer cannot be read: too large, or not the message that was expected.
    Unreadable,
}

/// Who is called.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) target: Target,
    pub(super) host: Option<String>,
    /// Whether a gRPC server was ever heard from there.
    pub(super) heard: AtomicBool,
}

impl Failure {
    /// The failure behind a status, where it came from a [`Channel`](super::Channel).
    #[must_use]
    pub fn of(status: &Status) -> Option<&Self> {
        status.source()?.downcast_ref()
    }

    /// The full protobuf name of the service: `currency.CurrencyRateService`.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.site.target.service
    }

    /// The host, as it was written; `None` where it is not set.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.site.host.as_deref()
    }

    /// The variable that sets the host: `CURRENCY_RATE_SERVICE_HOST`.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.site.target.variable
    }

    /// How the call failed.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether the server answered, and the status is its own.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.reason == Reason::Answered
    }

    /// A question that may lead to the fault: `is the server running?`
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { service, variable } = self.site.target;
        match &self.site.host {
            Some(host) => write!(formatter, "{service} at {host} ({variable})"),
            None => write!(formatter, "{service} ({variable})"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref()?.source()
    }
}

/// The status of a call without a host.
pub(super) fn host_not_set(site: &Arc<Site>) -> Status {
    let message = format!("set {} to host:port", site.target.variable);
    local(site, Reason::HostNotSet, Code::FailedPrecondition, message)
}

/// The status of a call whose time is over.
pub(super) fn deadline_exceeded(site: &Arc<Site>, limit: Duration) -> Status {
    let message = format!("no answer within {}", humantime::format_duration(limit));
    let reason = Reason::DeadlineExceeded { limit };
    local(site, reason, Code::DeadlineExceeded, message)
}

/// The status of a call whose outgoing stream stopped at `status`.
pub(super) fn outgoing(site: &Arc<Site>, status: &Status) -> Status {
    Fault::new(Reason::OutgoingStream, status.code(), status.message()).dress(site, status.clone())
}

/// Finds out what `status`, made by tonic, stands for.
pub(super) fn classify(site: &Arc<Site>, notes: &Notes, status: Status) -> Status {
    let Some(cause) = status.source() else {
        return sourceless(site, notes, status);
    };
    let fault = if let Some(not_grpc) = find::<NotGrpc>(cause) {
        Fault::new(Reason::NotGrpc, code_of_http(not_grpc.status), not_grpc)
            .hint("is the port right?")
    } else if let Some(unconnected) = find::<Unconnected>(cause) {
        no_connection(unconnected.error())
    } else if let Some(http2) = find::<h2::Error>(cause) {
        broken_http2(http2)
    } else {
        closed()
    };
    let never_heard = !notes.responded() && !site.heard.load(Ordering::Acquire);
    let fault = if fault.reason == Reason::Interrupted && never_heard {
        fault.hint("is it a gRPC server?")
    } else {
        fault
    };
    fault.dress(site, status)
}

/// What is known of a failure that is not the server's own.
struct Fault {
    reason: Reason,
    code: Code,
    message: String,
    hint: Option<&'static str>,
}

impl Fault {
    fn new(reason: Reason, code: Code, message: impl fmt::Display) -> Self {
        Self {
            reason,
            code,
            message: message.to_string(),
            hint: None,
        }
    }

    fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// The status for the caller; details and metadata are those of `cause`.
    fn dress(self, site: &Arc<Site>, cause: Status) -> Status {
        let mut status = Status::with_details_and_metadata(
            self.code,
            self.message,
            cause.details().to_vec().into(),
            cause.metadata().clone(),
        );
        status.set_source(Arc::new(Failure {
            site: Arc::clone(site),
            reason: self.reason,
            hint: self.hint,
            cause: Some(cause),
        }));
        status
    }
}

fn local(site: &Arc<Site>, reason: Reason, code: Code, message: String) -> Status {
    let mut status = Status::new(code, message);
    status.set_source(Arc::new(Failure {
        site: Arc::clone(site),
        reason,
        hint: None,
        cause: None,
    }));
    status
}

/// Either the server's own status, or tonic's complaint about what it sent.
fn sourceless(site: &Arc<Site>, notes: &Notes, mut status: Status) -> Status {
    if notes.stated_failure() {
        status.set_source(Arc::new(Failure {
            site: Arc::clone(site),
            reason: Reason::Answered,
            hint: None,
            cause: None,
        }));
        return status;
    }
    let fault = match status.code() {
        // tonic's code for a message above the limit; gRPC's is RESOURCE_EXHAUSTED.
        Code::OutOfRange => Fault::new(
            Reason::Unreadable,
            Code::ResourceExhausted,
            status.message(),
        )
        .hint("is `max_receive_message` too small?"),
        code => Fault::new(Reason::Unreadable, code, status.message()),
    };
    fault.dress(site, status)
}

fn no_connection(error: &DialError) -> Fault {
    let unreachable = |message: String| Fault::new(Reason::Unreachable, Code::Unavailable, message);
    match error {
        DialError::Unresolved { source, .. } => {
            unreachable(format!("{error}: {}", innermost(source)))
        }
        DialError::TimedOut(_) | DialError::TlsTimedOut(_) => unreachable(error.to_string()),
        DialError::NotHttp2 => not_http2(),
        DialError::HungUp(cause) => cause.as_ref().map_or_else(closed, broken_http2),
        DialError::Connect(source) | DialError::Tls(source) => {
            let fault = unreachable(innermost(source));
            if fault.message.starts_with("invalid peer certificate") {
                return fault.hint("are `tls.ca` and `tls.domain` those of the server?");
            }
            match source.kind() {
                // A socket's file that is not there, or that nobody listens on any more.
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    fault.hint("is the server running?")
                }
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    fault.hint("does the server speak TLS?")
                }
                _ => fault,
            }
        }
    }
}

fn closed() -> Fault {
    Fault::new(
        Reason::Interrupted,
        Code::Unavailable,
        "connection closed before the answer",
    )
}

fn not_http2() -> Fault {
    Fault::new(Reason::NotGrpc, Code::Unavailable, DialError::NotHttp2)
        .hint("is the port right, and is it `https://`?")
}

fn broken_http2(error: &h2::Error) -> Fault {
    if let Some(io) = error.get_io() {
        return Fault::new(Reason::Interrupted, Code::Unavailable, os_text(io));
    }
    // The peer broke the protocol: it talks something else.
    if error.is_library() && error.is_go_away() {
        return not_http2();
    }
    let reason = error.reason().unwrap_or(h2::Reason::INTERNAL_ERROR);
    if error.is_reset() {
        let message = format!("stream reset: {}", reason.description());
        return Fault::new(Reason::Interrupted, code_of_reset(reason), message);
    }
    let message = format!("connection closed: {}", reason.description());
    Fault::new(Reason::Interrupted, Code::Unavailable, message)
}

/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors>
fn code_of_reset(reason: h2::Reason) -> Code {
    match reason {
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    }
}

/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
fn code_of_http(status: http::StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref())
}

/// What the lowest layer says.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = std::iter::successors(Some(error), |error| (*error).source())
        .last()
        .expect("the first error is in its own chain");
    match last.downcast_ref::<io::Error>() {
        Some(error) => os_text(error),
        None => last.to_string(),
    }
}

/// `connection refused` for `Connection refused (os error 111)`.
fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else {
        return text;
    };
    let text = text
        .strip_suffix(&format!(" (os error {number})"))
        .unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
