//! Domain errors as gRPC statuses. Inner causes are logged, not sent.

use nautil::grpc::{Code, ErrorDetails, Status, StatusExt};

use crate::domain::{InvalidTicker, RateError};

/// `INVALID_ARGUMENT`, with the field as `google.rpc.BadRequest` details.
pub(super) fn invalid_ticker(error: &InvalidTicker) -> Status {
    let message = error.to_string();
    let details = ErrorDetails::with_bad_request_violation("ticker", &message);
    Status::with_error_details(Code::InvalidArgument, format!("ticker: {message}"), details)
}

/// `NOT_FOUND` for a pair that nobody trades, `UNAVAILABLE` for a source that does not answer.
pub(super) fn no_rate(error: &RateError) -> Status {
    let code = match error {
        RateError::Unknown(_) => Code::NotFound,
        RateError::Unavailable(cause) => {
            tracing::warn!(%cause, "{error}");
            Code::Unavailable
        }
    };
    Status::new(code, error.to_string())
}
