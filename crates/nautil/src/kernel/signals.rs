//! The signals that stop the application.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

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
    thread::Builder::new()
        .name("nautil-signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let name = signals.next().await;
                // The signal comes first, and the words after it: whoever reads them may have stopped.
                shutdown.request();
                say(
                    &output,
                    format!("{name}: stopping; a second signal stops at once"),
                );
                let name = signals.next().await;
                let said = say(&output, format!("{name}: stopped at once"));
                let _ = said.recv_timeout(PATIENCE);
            });
            std::process::exit(1);
        })?;
    Ok(())
}

/// How long the last words may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says a line on a thread of its own, which waits for a reader instead of this one. The receiver hears when it is said.
fn say(output: &Option<Output>, line: String) -> mpsc::Receiver<()> {
    let (done, said) = mpsc::channel();
    if let Some(output) = output.clone() {
        // Without a thread there are no words, and the signal counts all the same.
        let _ = thread::Builder::new().spawn(move || {
            output.note(line);
            let _ = done.send(());
        });
    }
    said
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
