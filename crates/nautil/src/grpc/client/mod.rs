//! The client's side.

/// The way to one service.
#[derive(Debug, Clone)]
pub struct Channel {}

/// Where a client connects, and how.
#[derive(Debug, Clone, Default)]
pub struct ClientConfig {}
