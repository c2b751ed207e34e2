//! Server reflection, in the version of today and in the one that older tools ask for.

use tonic_reflection::pb;
use tonic_reflection::server::{Builder, v1, v1alpha};

use super::error::Error;

/// The names of both services.
pub(super) const NAMES: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// What describes both.
pub(super) const DESCRIPTOR_SETS: [&[u8]; 2] = [
    pb::v1::FILE_DESCRIPTOR_SET,
    pb::v1alpha::FILE_DESCRIPTOR_SET,
];

/// `grpc.reflection.v1`, listing `names`, described by `sets`.
///
/// # Errors
/// A set that cannot be read.
pub(super) fn v1(
    sets: &[&[u8]],
    names: &[&str],
) -> Result<v1::ServerReflectionServer<impl v1::ServerReflection>, Error> {
    builder(sets, names).build_v1().map_err(error)
}

/// `grpc.reflection.v1alpha`, listing `names`, described by `sets`.
///
/// # Errors
/// A set that cannot be read.
pub(super) fn v1alpha(
    sets: &[&[u8]],
    names: &[&str],
) -> Result<v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>, Error> {
    builder(sets, names).build_v1alpha().map_err(error)
}

fn builder<'a>(sets: &[&'a [u8]], names: &[&str]) -> Builder<'a> {
    // Names are given, because a set may describe services that are not served here.
    let builder = names
        .iter()
        .copied()
        .fold(Builder::configure(), Builder::with_service_name);
    sets.iter()
        .copied()
        .fold(builder, Builder::register_encoded_file_descriptor_set)
}

fn error(source: tonic_reflection::server::Error) -> Error {
    Error::Reflection {
        source: source.into(),
    }
}
