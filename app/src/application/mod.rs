//! What the application consists of.

pub mod bootloader;
mod kernel;

pub use kernel::Kernel;
