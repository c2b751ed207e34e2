//! Values of a configuration: times and sizes that carry their unit in text (`"30s"`, `"4MiB"`), and numbers with a bound.

pub mod duration;
mod limit;
pub mod number;
pub mod size;

pub use self::limit::Limit;

/// The most bytes that a limit of messages may allow. No implementation of protobuf takes a message of 2 GiB
/// (<https://protobuf.dev/programming-guides/proto-limits/>).
pub(crate) const MAX_MESSAGE: u64 = 2 << 30;
