//! Written by `nautil grpc:generate` from the contracts in `config/grpc.toml`. Do not edit.
#![allow(
    warnings,
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    rustdoc::all,
    reason = "generated"
)]
/// Every contract with its comments, as an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!("descriptor_set.bin");
pub mod greeting;
pub mod timer;
