//! A panic of an application's code that was caught.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tonic::Status;
use tracing::error;

use crate::Method;

/// The status of a call whose code panicked; the log says whose. What the panic brings along may panic again when it is dropped.
pub(crate) fn caught(panic: Box<dyn Any + Send>, whose: &'static str, method: &Method) -> Status {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "",
    };
    error!(path = method.path(), panic = text, "{whose} panicked");
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(again);
    }
    Status::internal("internal error")
}
