//! The methods of `grpc.health.v1.Health`.

use crate::{Method, MethodKind};

/// The service's name.
pub(super) const NAME: &str = "grpc.health.v1.Health";

pub(super) static CHECK: Method = Method::new("/grpc.health.v1.Health/Check", MethodKind::Unary)
    .with_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
pub(super) static WATCH: Method =
    Method::new("/grpc.health.v1.Health/Watch", MethodKind::ServerStreaming)
        .with_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);

/// The methods that a server with health has beside those of its services: `Check` and `Watch`.
#[must_use]
pub fn health_methods() -> [&'static Method; 2] {
    [&CHECK, &WATCH]
}
