//! One server process: it is started with the sockets, says when it is ready, and is asked to stop.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::group::Group;
use super::sockets::HeldSockets;
use super::tether;
use crate::console::Globals;

/// The number of the first descriptor: `SD_LISTEN_FDS_START` of sd_listen_fds(3).
const FIRST_DESCRIPTOR: i32 = 3;

/// How long a server has to say that it accepts no connection any more, after it was asked to stop.
const RETIRE_LIMIT: Duration = Duration::from_secs(2);

/// A server that was started.
#[derive(Debug)]
pub(super) struct ServerProcess {
    group: Group,
    /// The socket on which it says that it is ready.
    notices: UnixDatagram,
    /// The directory with the file of that socket. It is removed when this is dropped.
    _directory: TempDir,
}

impl ServerProcess {
    /// Starts `serve` with the options that `dev` itself was given.
    pub(super) fn start(
        binary: &Path,
        root: &Path,
        options: &Globals,
        sockets: &HeldSockets,
    ) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("notify");
        let notices = UnixDatagram::bind(&path)?;
        let sockets = sockets.share()?;
        let names: Vec<_> = sockets.iter().map(|(name, _)| *name).collect();

        let mut command = std::process::Command::new(binary);
        command
            .arg("serve")
            .args(options.words())
            .current_dir(root)
            .stdin(Stdio::null())
            .env("LISTEN_FDS", sockets.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env_remove("LISTEN_PID")
            .env("NOTIFY_SOCKET", &path)
            .env(tether::PARENT, std::process::id().to_string());
        let sockets = (FIRST_DESCRIPTOR..).zip(sockets);
        let mappings = sockets.map(|(child_fd, (_, parent_fd))| FdMapping {
            parent_fd,
            child_fd,
        });
        command
            .fd_mappings(mappings.collect())
            .map_err(io::Error::other)?;
        Ok(Self {
            group: Group::spawn(&mut command.into())?,
            notices,
            _directory: directory,
        })
    }

    /// Resolves when the server says that it serves, or with its exit status if it ends before that.
    pub(super) async fn ready(&mut self) -> io::Result<Result<(), ExitStatus>> {
        self.says(b"READY=1").await
    }

    /// Asks the server to finish its calls, and resolves when it accepts no connection any more. A server that does not answer, as
    /// under a debugger, is not waited for any longer than two seconds.
    pub(super) async fn retire(&mut self) -> io::Result<()> {
        self.group.stop();
        match timeout(RETIRE_LIMIT, self.says(b"STOPPING=1")).await {
            Ok(said) => said.map(|_| ()),
            Err(_) => Ok(()),
        }
    }

    /// Waits for this line among what the server says, in the protocol of sd_notify(3).
    async fn says(&mut self, wanted: &[u8]) -> io::Result<Result<(), ExitStatus>> {
        let mut notice = [0; 4096];
        loop {
            tokio::select! {
                status = self.group.ended() => return Ok(Err(status?)),
                length = self.notices.recv(&mut notice) => {
                    let length = length?;
                    if notice[..length].split(|byte| *byte == b'\n').any(|line| line == wanted) {
                        return Ok(Ok(()));
                    }
                }
            }
        }
    }

    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.group.ended().await
    }
}
