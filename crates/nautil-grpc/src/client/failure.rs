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
use super::response::ResponseError;
use super::send::SendError;
use crate::reset;

/// Why a call failed: the `source` of every [`Status`] that a [`Channel`](super::Channel) returns.
///
/// It prints who was called: `currency.CurrencyRateService at 127.0.0.1:9001 (CURRENCY_RATE_SERVICE_HOST)`.
/// [`describe`](super::describe) makes the whole line.
#[derive(Debug, Clone)]
pub struct Failure {
    callee: Arc<Callee>,
    kind: FailureKind,
    hint: Option<&'static str>,
    /// What the lower layers said.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
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
pub(super) struct Callee {
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
        self.callee.target.service
    }

    /// The host, as it was written; `None` where it is not set.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.callee.host.as_deref()
    }

    /// The variable that sets the host: `CURRENCY_RATE_SERVICE_HOST`.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.callee.target.variable
    }

    /// How the call failed.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Whether the server answered, and the status is its own.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.kind == FailureKind::Answered
    }

    /// A question that may lead to the fault: `is the server running?`
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { service, variable } = self.callee.target;
        match &self.callee.host {
            Some(host) => write!(formatter, "{service} at {host} ({variable})"),
            None => write!(formatter, "{service} ({variable})"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause: &(dyn Error + 'static) = &**self.cause.as_ref()?;
        Some(cause)
    }
}

/// The status of a call without a host.
pub(super) fn host_not_set(callee: &Arc<Callee>) -> Status {
    let message = format!("set {} to host:port", callee.target.variable);
    Draft::new(FailureKind::HostNotSet, Code::FailedPrecondition, message).dress(callee, None)
}

/// The status of a call whose time is over.
pub(super) fn deadline_exceeded(callee: &Arc<Callee>, limit: Duration) -> Status {
    let message = format!("no answer within {}", humantime::format_duration(limit));
    let kind = FailureKind::DeadlineExceeded { limit };
    Draft::new(kind, Code::DeadlineExceeded, message).dress(callee, None)
}

/// The status of a call whose outgoing stream stopped at `status`.
pub(super) fn outgoing(callee: &Arc<Callee>, status: &Status) -> Status {
    let mut stopped = status.clone();
    stopped.set_source(Arc::new(Failure {
        callee: Arc::clone(callee),
        kind: FailureKind::OutgoingStream,
        hint: None,
        cause: None,
    }));
    stopped
}

/// The status of a call that has no response.
pub(super) fn unsent(callee: &Arc<Callee>, error: SendError) -> Status {
    let fault = match &error {
        SendError::Unconnected(unconnected) => no_connection(unconnected.error()),
        SendError::Broken(error) => broken_http2(error),
    };
    let fault = fault.unless_heard(callee.heard.load(Ordering::Acquire));
    match error {
        SendError::Unconnected(cause) => fault.because(callee, cause),
        SendError::Broken(cause) => fault.because(callee, cause),
    }
}

/// The status of a call whose response cannot be used.
pub(super) fn response(callee: &Arc<Callee>, responded: bool, fault: ResponseError) -> Status {
    match fault {
        ResponseError::Answered(status) => answered(callee, status),
        ResponseError::NotGrpc(not_grpc) => {
            let code = code_of_http(not_grpc.status);
            Draft::new(FailureKind::NotGrpc, code, &not_grpc)
                .hint("is the port right?")
                .because(callee, not_grpc)
        }
        ResponseError::TooLarge(error) => {
            Draft::new(FailureKind::Unreadable, Code::ResourceExhausted, error)
                .hint("is `max_receive_message` too small?")
                .dress(callee, None)
        }
        ResponseError::Unreadable(what) => {
            Draft::new(FailureKind::Unreadable, Code::Internal, what).dress(callee, None)
        }
        ResponseError::Count(what) => {
            Draft::new(FailureKind::Unreadable, Code::Unimplemented, what).dress(callee, None)
        }
        ResponseError::Broken(error) => {
            let is_heard = responded || callee.heard.load(Ordering::Acquire);
            broken_http2(&error)
                .unless_heard(is_heard)
                .because(callee, error)
        }
    }
}

/// The server's own status, as it sent it.
fn answered(callee: &Arc<Callee>, mut status: Status) -> Status {
    status.set_source(Arc::new(Failure {
        callee: Arc::clone(callee),
        kind: FailureKind::Answered,
        hint: None,
        cause: None,
    }));
    status
}

/// What is known of a failure that is not the server's own.
struct Draft {
    kind: FailureKind,
    code: Code,
    message: String,
    hint: Option<&'static str>,
}

impl Draft {
    fn new(kind: FailureKind, code: Code, message: impl fmt::Display) -> Self {
        Self {
            kind,
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

    /// Asks whether it is a gRPC server, where none was ever heard of there.
    fn unless_heard(self, is_heard: bool) -> Self {
        if is_heard || self.kind != FailureKind::Interrupted {
            return self;
        }
        self.hint("is it a gRPC server?")
    }

    /// The status for the caller, with what the lower layers said.
    fn because(self, callee: &Arc<Callee>, cause: impl Error + Send + Sync + 'static) -> Status {
        self.dress(callee, Some(Arc::new(cause)))
    }

    fn dress(self, callee: &Arc<Callee>, cause: Option<Arc<dyn Error + Send + Sync>>) -> Status {
        let mut status = Status::new(self.code, self.message);
        status.set_source(Arc::new(Failure {
            callee: Arc::clone(callee),
            kind: self.kind,
            hint: self.hint,
            cause,
        }));
        status
    }
}

fn no_connection(error: &DialError) -> Draft {
    let unreachable =
        |message: String| Draft::new(FailureKind::Unreachable, Code::Unavailable, message);
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

fn closed() -> Draft {
    Draft::new(
        FailureKind::Interrupted,
        Code::Unavailable,
        "connection closed before the answer",
    )
}

fn not_http2() -> Draft {
    Draft::new(FailureKind::NotGrpc, Code::Unavailable, DialError::NotHttp2)
        .hint("is the port right, and is it `https://`?")
}

fn broken_http2(error: &h2::Error) -> Draft {
    if let Some(io) = error.get_io() {
        return Draft::new(FailureKind::Interrupted, Code::Unavailable, os_text(io));
    }
    // The peer broke the protocol: it talks something else.
    if error.is_library() && error.is_go_away() {
        return not_http2();
    }
    let reason = error.reason().unwrap_or(h2::Reason::INTERNAL_ERROR);
    if error.is_reset() {
        let message = format!("stream reset: {}", reason.description());
        return Draft::new(FailureKind::Interrupted, reset::code(reason), message);
    }
    let message = format!("connection closed: {}", reason.description());
    Draft::new(FailureKind::Interrupted, Code::Unavailable, message)
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
