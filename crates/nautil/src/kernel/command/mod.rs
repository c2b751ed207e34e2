//! The console commands of the kernel.

mod bootloaders;
mod wait;

pub(super) use bootloaders::KernelBootloaders;
pub(super) use wait::Wait;
