//! The wish to stop, and the signals that bring it.

use tokio_util::sync::CancellationToken;

use crate::console::Output;

/// Says when the application is to stop. A clone says the same.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Asks the application to stop.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Resolves once the application is asked to stop.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Whether the application was asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Lets SIGINT and SIGTERM stop the application; a second one ends the process at once.
///
/// `output` is for the person who pressed Ctrl-C; a service manager needs no telling.
///
/// The signals are awaited on a thread of their own, so that a busy application still hears the second.
pub(crate) fn on_signals(shutdown: Shutdown, output: Option<Output>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new()?
    };
    std::thread::Builder::new()
        .name("nautil-signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let name = signals.next().await;
                if let Some(output) = &output {
                    output.note(format_args!(
                        "{name}: stopping; a second signal stops at once"
                    ));
                }
                shutdown.request();
                let name = signals.next().await;
                if let Some(output) = &output {
                    output.note(format_args!("{name}: stopped at once"));
                }
            });
            std::process::exit(1);
        })?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) -> &'static str {
        // Without a handler there is nothing to wait for; the console's own rules apply.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
