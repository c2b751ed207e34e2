//! Section `app`: how long the application may take to start and to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::{KernelBootloaders, Wait};
use super::worker::Workers;
use crate::bootloader::{Bootloader, Init};
use crate::config::Section;

/// `config/app.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    /// How long the `boot` of each bootloader may take, together with the values that it makes in that phase. One that takes
    /// longer is aborted, and the application does not start. The default is one minute.
    #[serde(with = "crate::config::duration")]
    pub boot_timeout: Duration,
    /// How long all workers and the `shutdown` of all bootloaders may take, added up. One that takes longer is reported, and the
    /// application ends with exit code 1. The default is ten seconds.
    #[serde(with = "crate::config::duration")]
    pub shutdown_timeout: Duration,
}

impl Default for AppConfig {
    fn default() -> Self {
        AppConfig {
            boot_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

impl Section for AppConfig {
    const NAME: &'static str = "app";
}

/// The kernel's own feature: the section, `kernel:bootloaders`, `console:wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AppBootloader;

impl Bootloader for AppBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Workers>();
        init.check(|container| match container.get::<Workers>() {
            Ok(workers) => workers.check(container),
            Err(fault) => vec![fault],
        });
        init.config::<AppConfig>()
            .command::<KernelBootloaders>()
            .command::<Wait>();
    }
}
