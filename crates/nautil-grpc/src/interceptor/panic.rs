//! An interceptor that panicked.

use std::any::Any;

use tonic::Status;
use tracing::error;

use crate::Method;

/// The status of a call whose interceptor panicked.
pub(super) fn panicked(panic: &(dyn Any + Send), method: &Method) -> Status {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "",
    };
    let path = method.path();
    error!(path, panic = text, "an interceptor panicked");
    Status::internal("internal error")
}
