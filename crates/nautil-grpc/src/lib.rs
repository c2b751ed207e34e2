//! gRPC for any tokio program: a server that drains without losing a call, and clients that follow their servers.
//!
//! It knows nothing of an application around it. The framework `nautil` puts it into one.
//!
//! This is also the one door to tonic, of which types are used (requests, responses, statuses, metadata) and the services of
//! health and reflection. Transport and routing are this crate's own.

#![warn(missing_docs, missing_debug_implementations)]

pub mod client;
mod code;
mod codec;
mod descriptors;
pub mod metrics;
pub mod permission;
pub mod printable;
mod reset;
pub mod server;
mod service;
mod tls;
pub mod units;

use std::pin::Pin;

pub use bytes::Bytes;
use futures_util::Stream;
pub use tonic::body::Body;
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status};
pub use tonic_types::{ErrorDetails, StatusExt};
pub use {async_trait::async_trait, http, prost, prost_types};

pub use client::{Channel, ClientConfig};
pub use code::code_name;
pub use descriptors::methods;
pub use service::Service;

/// The messages of `grpc.health.v1`.
pub mod health {
    pub use tonic_health::pb::health_check_response::ServingStatus;
    pub use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
}

/// A stream of messages that ends at the first error.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;
