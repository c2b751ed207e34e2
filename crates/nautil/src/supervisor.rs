//! The service manager, if one started this process: the sockets that it hands over, and what it wants to be told.
//!
//! The protocol is systemd's ([sd_listen_fds(3)], [sd_notify(3)]), which other managers speak too. `app dev` is one of them.
//!
//! [sd_listen_fds(3)]: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
//! [sd_notify(3)]: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use listenfd::ListenFd;
use parking_lot::Mutex;
use sd_notify::NotifyState;
use tracing::warn;

use crate::environment::Environment;

/// The variable with the names of the sockets, which systemd takes from `FileDescriptorName=`.
const NAMES: &str = "LISTEN_FDNAMES";

/// The name of the sockets for the management port.
pub(crate) const MANAGEMENT: &str = "management";

/// The name of the sockets for the calls. Where no socket has it, one with any other name is for the calls.
pub(crate) const CALLS: &str = "calls";

/// The variable with the number of the sockets, and the one with the id of the process that they are meant for.
const COUNT: &str = "LISTEN_FDS";
const PROCESS: &str = "LISTEN_PID";

/// The variable with the address of the socket on which it is told.
const NOTIFY: &str = "NOTIFY_SOCKET";

/// What this process has to do with its service manager. Without a service manager, there are no sockets and nothing is told.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    sockets: Mutex<Vec<Socket>>,
    /// What is wrong with the sockets that were handed over.
    faults: Vec<SocketError>,
    /// Whether it wants to be told anything.
    listens: bool,
    watchdog: Option<Duration>,
}

/// A socket that was handed over.
#[derive(Debug)]
struct Socket {
    name: String,
    descriptor: OwnedFd,
}

/// Why the sockets that were handed over are not the ones that this server listens on.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum SocketError {
    /// Their number is no number.
    #[error("{COUNT} is {0:?}: expected the number of sockets that were handed over")]
    Count(String),
    /// One of them is neither a TCP nor a Unix listener, as the system describes it.
    #[error("a socket that the service manager handed over cannot be listened on: {0}")]
    Unusable(String),
    /// The server would never answer on one of them.
    #[error(
        "the service manager handed over a socket named `{name}` too many: name one `{MANAGEMENT}` \
         (systemd: FileDescriptorName=) and leave one for the calls"
    )]
    TooMany {
        /// The name it came with.
        name: String,
    },
}

impl ServiceManager {
    /// Takes the sockets that this process was started with, and removes their variables from the process environment, so that no
    /// process that it starts takes them for its own. It has to be called before there is a second thread, because changing the
    /// environment is not safe after that.
    pub(crate) fn of_process(environment: &Environment) -> Self {
        let mut passed = ListenFd::from_env();
        let names = environment.get(NAMES).unwrap_or_default();
        let mut names = names.split(':');
        let mut sockets = Vec::new();
        let mut faults: Vec<SocketError> = not_a_count(environment).into_iter().collect();
        for index in 0..passed.len() {
            let name = names.next().unwrap_or_default().to_owned();
            match descriptor(&mut passed, index) {
                Ok(Some(descriptor)) => sockets.push(Socket { name, descriptor }),
                Ok(None) => {}
                Err(error) => faults.push(SocketError::Unusable(error.to_string())),
            }
        }
        Self {
            sockets: Mutex::new(sockets),
            faults,
            listens: environment.is_set(NOTIFY),
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// Whether a service manager started this process, and wants to be told of it.
    pub(crate) fn is_there(&self) -> bool {
        self.listens
    }

    /// Takes the sockets of this name.
    pub(crate) fn sockets(&self, name: &str) -> Vec<OwnedFd> {
        let mut sockets = self.sockets.lock();
        let named = sockets.extract_if(.., |socket| socket.name == name);
        named.map(|socket| socket.descriptor).collect()
    }

    /// Takes the first socket that is left. It is the one for the calls where none is named `calls`, once those with other uses are
    /// taken.
    pub(crate) fn any_socket(&self) -> Option<OwnedFd> {
        let mut sockets = self.sockets.lock();
        (!sockets.is_empty()).then(|| sockets.remove(0).descriptor)
    }

    /// Finds out whether every socket that was handed over has been taken.
    ///
    /// # Errors
    /// A socket is left, or was unusable from the start.
    pub(crate) fn all_taken(&self) -> Result<(), SocketError> {
        if let Some(fault) = self.faults.first() {
            return Err(fault.clone());
        }
        match self.sockets.lock().first() {
            Some(socket) => Err(SocketError::TooMany {
                name: socket.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Tells that the server accepts connections.
    pub(crate) fn ready(&self) {
        self.say(NotifyState::Ready);
    }

    /// Tells that the server accepts no connection any more.
    pub(crate) fn stopping(&self) {
        self.say(NotifyState::Stopping);
    }

    /// Tells that the server works.
    pub(crate) fn alive(&self) {
        self.say(NotifyState::Watchdog);
    }

    /// How often it is to be told [`alive`](Self::alive): after half of the time after which it restarts a silent process.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    fn say(&self, state: NotifyState<'_>) {
        if !self.listens {
            return;
        }
        if let Err(error) = sd_notify::notify(&[state]) {
            warn!(%error, "the service manager (NOTIFY_SOCKET) does not hear");
        }
    }
}

/// The error of a number of sockets that is no number, unless it is meant for another process.
fn not_a_count(environment: &Environment) -> Option<SocketError> {
    let count = environment.get(COUNT)?;
    let own = std::process::id().to_string();
    let is_meant = environment.get(PROCESS).is_none_or(|meant| meant == own);
    let is_none = count.parse::<u16>().is_err();
    (is_meant && is_none).then(|| SocketError::Count(count.to_owned()))
}

fn descriptor(passed: &mut ListenFd, index: usize) -> io::Result<Option<OwnedFd>> {
    if let Ok(socket) = passed.take_tcp_listener(index) {
        return Ok(socket.map(OwnedFd::from));
    }
    Ok(passed.take_unix_listener(index)?.map(OwnedFd::from))
}
