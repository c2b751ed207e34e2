//! The console commands of the gRPC features.

#[cfg(feature = "codegen")]
mod generate;
mod health;
mod serve;
mod services;

#[cfg(feature = "codegen")]
pub(super) use generate::GrpcGenerate;
pub(super) use health::Health;
pub(super) use serve::Serve;
pub(super) use services::GrpcServices;
