//! The console commands of the gRPC features.

mod explain;
#[cfg(feature = "codegen")]
mod generate;
mod health;
mod serve;
mod services;

pub(super) use explain::GrpcExplain;
#[cfg(feature = "codegen")]
pub(super) use generate::GrpcGenerate;
pub(super) use health::Health;
pub(super) use serve::Serve;
pub(super) use services::GrpcServices;
