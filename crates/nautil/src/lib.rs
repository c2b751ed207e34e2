//! An application framework for gRPC services.

#![warn(missing_docs, missing_debug_implementations)]

pub mod bootloader;
pub mod config;
pub mod console;
pub mod container;
pub mod environment;
pub mod grpc;
pub mod kernel;
mod suggest;
pub mod telemetry;
pub mod testing;

pub use async_trait::async_trait;
pub use bootloader::{Boot, Bootloader, Bootloaders, Init};
pub use kernel::{Kernel, run};
pub use {prost, prost_types, serde};
