//! gRPC: the server, the clients, and the names that user code and generated code share.
//!
//! This is the one door to the engine (tonic): no other module of the framework, no app, and no generated file names it.

mod bootloader;
pub mod client;
mod command;
mod descriptors;
mod in_process;
mod probe;
pub mod server;
mod service;
mod services;

use std::pin::Pin;

use futures_util::Stream;
pub use tonic::body::Body;
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status};
pub use tonic_types::{ErrorDetails, StatusExt};

pub use bootloader::GrpcConfig;
pub(crate) use bootloader::{GrpcClientBootloader, GrpcGeneratorBootloader, GrpcServerBootloader};
pub use client::{Channel, ClientConfig};
pub(crate) use client::{Connect, Target};
pub(crate) use in_process::InProcess;
pub use service::Service;
pub(crate) use services::Services;

/// A stream of messages that ends at the first error.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;
