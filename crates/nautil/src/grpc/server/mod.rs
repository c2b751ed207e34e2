//! The server.

use std::future::Future;
use std::pin::Pin;

/// The response of a call, to be awaited.
pub type Reply = Pin<Box<dyn Future<Output = http::Response<tonic::body::Body>> + Send>>;

/// One call on its way to its handler.
#[derive(Debug)]
pub struct Call {}
