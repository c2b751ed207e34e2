//! The verbs of the kernel.

use shaku::Component;

use super::worker::{DynWorker, Worker, Workers};
use crate::bootloader::Init;
use crate::container::Container;

impl Init<'_> {
    /// Adds a worker: a task that runs beside any command that boots the application. See [`Worker`].
    pub fn worker<C>(&mut self) -> &mut Self
    where
        C: Worker + Component<Container, Interface = dyn DynWorker>,
    {
        let bootloader = self.bootloader();
        self.declare::<Workers>().add::<C>(bootloader);
        self
    }
}
