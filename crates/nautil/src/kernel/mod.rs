//! The kernel: an application's table of contents, and the order in which it comes to life.

mod app;
mod booted;
mod command;
mod error;
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
pub(crate) use booted::Booted;
pub(crate) use error::BootError;
pub(crate) use phases::{Configured, Declared};
pub(crate) use process::{Process, run};
pub(crate) use report::Report;
#[cfg(feature = "dev")]
pub(crate) use signals::on_signals;

pub use crate::shutdown::Shutdown;
pub(crate) use worker::Workers;
pub use worker::{DynWorker, Worker};

/// An application: its name, its version, and the list of its bootloaders.
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
    /// The name of the application, as its help shows it.
    const NAME: &'static str;
    /// The version of the application: most often `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// Lists the bootloaders of the application. Those of the framework come before them.
    fn bootloaders(&self) -> Bootloaders;
}

/// The framework without an application. It can run `grpc:generate` for an application that does not compile, because its
/// `generated/` is missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bare;

impl Kernel for Bare {
    const NAME: &'static str = "nautil";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
    }
}
