//! The ways in.

pub mod console;
pub mod grpc;
