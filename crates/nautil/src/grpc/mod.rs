//! gRPC in an application: what puts [`nautil_grpc`] into the container, the config and the console.
//!
//! Its types are here too, so that user code and generated code need one name: `nautil::grpc`.

mod bootloader;
pub(crate) mod checks;
mod clients;
mod command;
mod config;
mod connect;
mod endpoint;
mod health_check;
mod in_process;
mod init;
mod intercept;
mod interceptors;
mod page;
mod probe;
mod services;
mod unhealthy;

pub use nautil_grpc::{
    Body, BoxStream, Bytes, Calls, Certificate, Channel, ClientConfig, Code, Context,
    EncodedMessage, Encoding, Encodings, End, ErrorDetails, Idempotency, InterceptedCall,
    InterceptedMessage, Interceptor, Method, MethodKind, MethodPattern, Next, Peer, PeerAddress,
    Principal, Request, RequestExt, Response, Service, Side, Status, StatusDetails, StatusExt,
    code_name, detached, http, messages, metadata, metrics, prost_reflect, server,
};

pub use nautil_grpc::metrics::Metrics;
pub use nautil_grpc::server::Scope;

pub(crate) use bootloader::{GrpcClientBootloader, GrpcGeneratorBootloader, GrpcServerBootloader};
pub(crate) use clients::Clients;
pub use config::{GrpcConfig, Runtime};
pub(crate) use connect::{Connect, NetworkConnect};
pub(crate) use health_check::HealthChecks;
pub use health_check::{DynHealthCheck, HealthCheck};
pub(crate) use in_process::InProcess;
pub use interceptors::DynInterceptor;
pub(crate) use interceptors::Interceptors;
pub(crate) use page::Pages;
pub use page::{DynPage, Page};
pub(crate) use services::Services;

/// The client's side: one [`Channel`] to each service, and what a failed call says.
pub mod client {
    pub use nautil_grpc::client::*;

    pub use super::connect::{Connect, NetworkConnect};
}
