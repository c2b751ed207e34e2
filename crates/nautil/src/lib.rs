//! An application framework for gRPC services.

pub mod config;
pub mod container;
pub mod grpc;

pub use async_trait::async_trait;
pub use {prost, prost_types, serde};
