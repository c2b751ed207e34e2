//! The kernel: an application's table of contents, and the order in which it comes to life.

mod app;
mod command;
mod init;
mod panic;
mod phases;
mod process;
mod report;
mod running;
mod signals;
mod worker;

use crate::bootloader::Bootloaders;

pub(crate) use app::AppBootloader;
pub use app::AppConfig;
pub(crate) use phases::{BootError, Booted, Configured, Declared};
pub(crate) use process::{Process, run};
pub(crate) use report::Report;
#[cfg(feature = "dev")]
pub(crate) use signals::on_signals;

pub use crate::shutdown::Shutdown;
pub(crate) use worker::Workers;
pub use worker::{DynWorker, Worker};

/// An application: its name, and its bootloaders.
///
/// ```
/// use nautil::testing::TestKernel;
/// use nautil::{Bootloaders, Kernel};
///
/// struct App;
/// impl Kernel for App {
///     const NAME: &'static str = "currency-rate";
///     const VERSION: &'static str = "1.2.0";
///
///     fn bootloaders(&self) -> Bootloaders {
///         // With `.with(RatesBootloader)`, and so on.
///         Bootloaders::new()
///     }
/// }
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// // `fn main() -> ExitCode { nautil::run(App) }` is the program. A test calls the same kernel:
/// let called = TestKernel::of(App).console(["--version"]).await;
/// assert_eq!(called.out, "currency-rate 1.2.0\n");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Kernel {
    /// What the application is called.
    const NAME: &'static str;
    /// Its version: `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// The application's bootloaders. Those of the framework come before them.
    fn bootloaders(&self) -> Bootloaders;
}

/// The framework alone: what is left of an application whose `generated/` is missing, enough to generate it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bare;

impl Kernel for Bare {
    const NAME: &'static str = "nautil";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
    }
}
