//! The verb of telemetry.

use std::fmt;

use tracing_subscriber::{Layer, Registry};

use crate::bootloader::{BoxError, Init};
use crate::container::Container;

/// A `tracing` layer whose type is erased.
pub type BoxLayer = Box<dyn Layer<Registry> + Send + Sync>;

type MakeLayer = Box<dyn Fn(&Container) -> Result<BoxLayer, BoxError> + Send + Sync>;

/// The layers of all bootloaders, with the bootloader of each.
#[derive(Default)]
pub(crate) struct Layers(Vec<(&'static str, MakeLayer)>);

/// A layer that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the `tracing` layer of bootloader `{bootloader}` cannot be made")]
pub(super) struct LayerError {
    bootloader: &'static str,
    source: BoxError,
}

impl Layers {
    /// Makes every layer.
    pub(super) fn make(
        &self,
        container: &Container,
    ) -> impl Iterator<Item = Result<BoxLayer, LayerError>> {
        self.0.iter().map(|(bootloader, make)| {
            make(container).map_err(|source| LayerError { bootloader, source })
        })
    }
}

impl Init<'_> {
    /// Adds a layer to the subscriber of this process, which sees every span and event.
    ///
    /// It is made after the config was read, and before any bootloader boots. If it cannot be made, the error is printed and the
    /// application goes on without it.
    ///
    /// ```
    /// use nautil::Init;
    /// use tracing_subscriber::Layer;
    ///
    /// /// Counts errors, say.
    /// struct Errors;
    /// impl<S: tracing::Subscriber> Layer<S> for Errors {}
    ///
    /// # fn init(init: &mut Init<'_>) {
    /// init.tracing_layer(|_container| Ok(Box::new(Errors)));
    /// # }
    /// ```
    pub fn tracing_layer(
        &mut self,
        make: impl Fn(&Container) -> Result<BoxLayer, BoxError> + Send + Sync + 'static,
    ) -> &mut Self {
        let bootloader = self.bootloader();
        self.declare::<Layers>()
            .0
            .push((bootloader, Box::new(make)));
        self
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bootloaders = self.0.iter().map(|(bootloader, _)| bootloader);
        formatter.debug_list().entries(bootloaders).finish()
    }
}
