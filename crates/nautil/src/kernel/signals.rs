//! The signals that stop the application.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Output;
use crate::shutdown::Shutdown;

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

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
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
