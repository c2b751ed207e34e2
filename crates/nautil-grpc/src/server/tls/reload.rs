//! Certificates that are replaced while the server runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_rustls::rustls::ServerConfig;
use tracing::{info, warn};

use super::files::{Files, Paths};
use crate::server::config::TlsConfig;
use crate::tls::FileError;

/// Looks at the files again and again. It compares what is in them: a replaced link, as Kubernetes makes it, a file system
/// without times of change, and a copy that is written in place are all the same to it.
pub(in crate::server) struct Reload {
    paths: Paths,
    /// What was found the last time, good or bad: a fault is told once.
    found: Result<Files, String>,
    server: watch::Sender<Arc<ServerConfig>>,
    interval: Duration,
}

impl Reload {
    pub(super) fn new(config: &TlsConfig) -> Result<Option<Self>, FileError> {
        let Some(paths) = Paths::of(config) else {
            return Ok(None);
        };
        let files = paths.read()?;
        let server = paths.server(&files)?;
        Ok(Some(Self {
            paths,
            found: Ok(files),
            server: watch::Sender::new(server),
            interval: config.reload_interval,
        }))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.server.subscribe()
    }

    /// Never returns, unless nothing is to be looked at again.
    pub(in crate::server) async fn run(mut self) {
        if self.interval.is_zero() {
            return;
        }
        loop {
            sleep(self.interval).await;
            // Files may be on a network.
            let Ok(looked) = spawn_blocking(move || self.look()).await else {
                return;
            };
            self = looked;
        }
    }

    fn look(mut self) -> Self {
        let found = self.paths.read().map_err(|error| error.to_string());
        if found == self.found {
            return self;
        }
        let loaded = match &found {
            Ok(files) => self.paths.server(files).map_err(|error| error.to_string()),
            Err(error) => Err(error.clone()),
        };
        match loaded {
            Ok(server) => {
                self.server.send_replace(server);
                info!("new connections get the new certificate");
            }
            // Whoever replaces files one by one is met in between; the next look finds them whole.
            Err(error) => {
                warn!(
                    error,
                    "the old certificate stays: the new files cannot be used"
                );
            }
        }
        self.found = found;
        self
    }
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reload")
            .field("paths", &self.paths)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
