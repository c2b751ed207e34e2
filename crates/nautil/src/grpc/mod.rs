//! gRPC: the server, the clients, and the names that user code and generated code share.
//!
//! This is the one door to the engine (tonic): no other module of the framework, no app, and no generated file names it.

mod client;
pub mod server;
mod service;

use std::pin::Pin;

use futures_util::Stream;
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status};

pub use client::{Channel, ClientConfig};
pub use service::Service;

/// A stream of messages that ends at the first error.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;
