//! Work that goes on beside a command, for as long as the application runs: a queue that is read, a cache that is kept fresh.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use shaku::{Component, Interface};

use crate::bootloader::BoxError;
use crate::container::{Container, MakeComponent, ResolveError, short_name};
use crate::shutdown::Shutdown;

/// A task that the application runs beside any command that boots it, `serve` above all.
///
/// It starts after the last bootloader has booted. If it fails or panics, the application prints why, stops, and ends with exit
/// code 1. If it returns without an error, its work is done, and the application goes on without it.
///
/// When the application stops, `stopping` resolves. The worker then has `app.shutdown_timeout` to return, before the bootloaders
/// are shut down.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use nautil::bootloader::BoxError;
/// use nautil::container::Component;
/// use nautil::kernel::{DynWorker, Shutdown, Worker};
/// use nautil::testing::TestKernel;
/// use nautil::{Bootloader, Bootloaders, Init, Kernel};
///
/// #[derive(Default)]
/// struct Ticks(AtomicU32);
///
/// /// Counts, until the application stops.
/// #[derive(Component)]
/// #[shaku(interface = DynWorker)]
/// struct Ticker { #[shaku(inject)] ticks: Arc<Ticks> }
/// impl Worker for Ticker {
///     async fn run(&self, stopping: Shutdown) -> Result<(), BoxError> {
///         self.ticks.0.fetch_add(1, Ordering::Relaxed);
///         stopping.requested().await;
///         Ok(())
///     }
/// }
///
/// #[derive(PartialEq)]
/// struct TickerBootloader;
/// impl Bootloader for TickerBootloader {
///     fn init(&self, init: &mut Init<'_>) {
///         init.declare::<Ticks>();
///         init.worker::<Ticker>();
///     }
/// }
///
/// struct App;
/// impl Kernel for App {
///     const NAME: &'static str = "demo";
///     const VERSION: &'static str = "1.0.0";
///     fn bootloaders(&self) -> Bootloaders { Bootloaders::new().with(TickerBootloader) }
/// }
///
/// # let root = tempfile::tempdir()?;
/// # std::fs::create_dir(root.path().join("config"))?;
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let app = TestKernel::of(App).root(root.path()).start().await?;
/// let ticks = app.get::<Ticks>()?;
/// app.stop().await?;
/// assert_eq!(ticks.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), BoxError>(())
/// # }).map_err(std::io::Error::other)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a worker",
    note = "a worker has an `async fn run(&self, stopping: Shutdown) -> Result<(), BoxError>`"
)]
pub trait Worker: Send + Sync + 'static {
    /// Works until `stopping` resolves, or until there is nothing left to do.
    ///
    /// # Errors
    /// Whatever keeps the worker from its work. The application stops then.
    fn run(&self, stopping: Shutdown) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// Any [`Worker`]: the interface under which workers are components.
pub trait DynWorker: Interface {
    /// Runs the worker.
    ///
    /// # Errors
    /// Those of [`Worker::run`].
    fn run_boxed(
        &self,
        stopping: Shutdown,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;
}

impl<W: Worker> DynWorker for W {
    fn run_boxed(
        &self,
        stopping: Shutdown,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>> {
        Box::pin(self.run(stopping))
    }
}

/// The workers of all bootloaders. None is built before the application has booted.
#[derive(Debug, Default)]
pub(crate) struct Workers(Vec<WorkerEntry>);

/// A worker as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct WorkerEntry {
    pub(crate) name: String,
    pub(crate) bootloader: &'static str,
    make: MakeComponent<dyn DynWorker>,
}

impl Workers {
    pub(super) fn add<C>(&mut self, bootloader: &'static str)
    where
        C: Worker + Component<Container, Interface = dyn DynWorker>,
    {
        self.0.push(WorkerEntry {
            name: short_name::<C>(),
            bootloader,
            make: |container, bootloader| container.make::<C>(bootloader),
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &WorkerEntry> {
        self.0.iter()
    }

    /// Builds every worker, and returns what cannot be built.
    pub(super) fn check(&self, container: &Container) -> Vec<ResolveError> {
        let made = self.0.iter().map(|entry| entry.make(container));
        made.filter_map(Result::err).collect()
    }
}

impl WorkerEntry {
    pub(super) fn make(&self, container: &Container) -> Result<Arc<dyn DynWorker>, ResolveError> {
        (self.make)(container, self.bootloader)
    }
}
