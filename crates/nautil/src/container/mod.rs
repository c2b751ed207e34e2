//! The container.

pub use shaku::{Component, Interface};
