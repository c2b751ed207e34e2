//! The kernel: the application's table of contents.

use nautil::Bootloaders;

use super::bootloader::RatesBootloader;
use crate::generated::ServiceBootloader;

/// The application `currency-rate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kernel;

impl nautil::Kernel for Kernel {
    const NAME: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
            // The generated clients.
            .with(ServiceBootloader)
            // Currency rates: source, service, command.
            .with(RatesBootloader)
    }
}
