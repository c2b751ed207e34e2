//! The verbs of the kernel.

use shaku::Component;

use super::worker::{DynWorker, Worker, Workers};
use crate::bootloader::Init;
use crate::container::Container;

impl Init<'_> {
    /// Adds a [`Worker`]: a task that runs beside every command for which the application is booted.
    ///
    /// ```
    #[doc = include_str!("../example.txt")]
    /// use nautil::bootloader::BoxError;
    /// use nautil::container::Component;
    /// use nautil::kernel::{DynWorker, Shutdown, Worker};
    ///
    /// /// Keeps a cache fresh, but cannot.
    /// #[derive(Component)]
    /// #[shaku(interface = DynWorker)]
    /// struct Refresher;
    /// impl Worker for Refresher {
    ///     async fn run(&self, _stopping: Shutdown) -> Result<(), BoxError> {
    ///         Err("the source is gone".into())
    ///     }
    /// }
    ///
    /// # let kernel = kernel(|init| {
    /// // In `init`:
    /// init.worker::<Refresher>();
    /// # });
    /// # run(async {
    /// // In a test, of a command that waits until the application stops:
    /// let called = kernel.console(["console:wait"]).await;
    /// assert_eq!(called.err, "error: worker `Refresher` failed\n  because the source is gone\n");
    /// # Ok(()) });
    /// ```
    pub fn worker<C>(&mut self) -> &mut Self
    where
        C: Worker + Component<Container, Interface = dyn DynWorker>,
    {
        let bootloader = self.bootloader();
        self.declare::<Workers>().add::<C>(bootloader);
        self
    }
}
