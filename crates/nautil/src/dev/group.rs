//! A process together with every process that it starts: cargo with its compilers, a test with its servers.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A process group. Dropping it asks all of its processes to end.
///
/// It is not the process group of the terminal. So a Ctrl-C reaches only `dev`, and `dev` decides when the others stop.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            child,
            id: id.and_then(Pid::from_raw),
        })
    }

    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    pub(super) fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // From here on the system may give the number to another process.
        self.id = None;
        status
    }

    pub(super) fn stop(&self) {
        if let Some(id) = self.id {
            // An error says that the group has just ended, which is what was wanted.
            let _ = kill_process_group(id, Signal::TERM);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}
