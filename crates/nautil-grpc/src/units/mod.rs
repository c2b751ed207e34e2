//! Values of a configuration that carry their unit in text: `"30s"`, `"4MiB"`. A bare number is refused.

pub mod duration;
pub mod size;
