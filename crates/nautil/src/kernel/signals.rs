//! The signals that stop the application.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Output;
use crate::shutdown::Shutdown;

/// Lets SIGINT and SIGTERM stop the application. A second signal ends the process at once.
///
/// What the signal does is written to `output`, for the person who pressed Ctrl-C.
///
/// The signals are awaited on a thread of their own, so that the second one counts even if the application blocks all of its
/// threads.
///
/// # Errors
/// The signals cannot be listened to, or there is no thread for it.
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
                // First the request, then the words: whoever reads standard error may have stopped reading, and writing would wait.
                shutdown.request();
                say(
                    &output,
                    format!("{name}: stopping; a second signal stops at once"),
                );
                let name = signals.next().await;
                let said = say(&output, format!("{name}: stopped at once"));
                let _ = said.recv_timeout(LAST_LINE_LIMIT);
            });
            std::process::exit(1);
        })?;
    Ok(())
}

/// How long the process waits for its last line to be written.
const LAST_LINE_LIMIT: Duration = Duration::from_millis(500);

/// Writes a line on a thread of its own, so that this thread does not wait for a reader who has stopped reading. The receiver is
/// told when the line is written.
fn say(output: &Option<Output>, line: String) -> mpsc::Receiver<()> {
    let (done, said) = mpsc::channel();
    if let Some(output) = output.clone() {
        // Without a thread the line is left out. The signal counts all the same.
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
