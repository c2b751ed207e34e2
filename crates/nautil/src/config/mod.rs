//! Typed configuration.

pub mod duration;
pub mod size;
