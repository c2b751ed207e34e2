//! The service manager, where one started this process: the sockets that it hands over, and what it wants to hear.
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

/// The variable with the number of the sockets, and the one that says for which process they are meant.
const COUNT: &str = "LISTEN_FDS";
const MEANT: &str = "LISTEN_PID";

/// The variable with the socket on which it hears.
const NOTIFY: &str = "NOTIFY_SOCKET";

/// Who started this process, as far as it wants to hear of it. Without one, nothing is handed over and nothing is said.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    sockets: Mutex<Vec<Socket>>,
    /// What is wrong with the sockets that were handed over.
    faults: Vec<SocketError>,
    /// Whether it wants to hear anything.
    listens: bool,
    watchdog: Option<Duration>,
}

/// A socket that was handed over.
#[derive(Debug)]
struct Socket {
    name: String,
    descriptor: OwnedFd,
}

/// The sockets that were handed over are not those that this server listens on.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum SocketError {
    /// Nobody can tell how many they are.
    #[error("{COUNT} is {0:?}: expected the number of sockets that were handed over")]
    Count(String),
    /// One of them is neither a TCP nor a Unix listener, as the system describes it.
    #[error("a socket that the service manager handed over cannot be listened on: {0}")]
    Unusable(String),
    /// Nobody would ever answer on it.
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
    /// Takes what this process was started with, and forgets it in the process environment. To be called before there is
    /// a second thread, because the environment is changed.
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

    /// Whether one started this process, and hears of it.
    pub(crate) fn is_there(&self) -> bool {
        self.listens
    }

    /// The sockets of this name.
    pub(crate) fn sockets(&self, name: &str) -> Vec<OwnedFd> {
        let mut sockets = self.sockets.lock();
        let named = sockets.extract_if(.., |socket| socket.name == name);
        named.map(|socket| socket.descriptor).collect()
    }

    /// The socket for the calls, where none is named so: the first that is left once those with names of their own are taken.
    pub(crate) fn any_socket(&self) -> Option<OwnedFd> {
        let mut sockets = self.sockets.lock();
        (!sockets.is_empty()).then(|| sockets.remove(0).descriptor)
    }

    /// Whether every socket that was handed over has been taken.
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

    /// The server accepts connections.
    pub(crate) fn ready(&self) {
        self.say(NotifyState::Ready);
    }

    /// The server takes nobody any more.
    pub(crate) fn stopping(&self) {
        self.say(NotifyState::Stopping);
    }

    /// The server works.
    pub(crate) fn alive(&self) {
        self.say(NotifyState::Watchdog);
    }

    /// How often it wants to hear [`alive`](Self::alive): half of the time after which it restarts a silent process.
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

/// A number of sockets that is none, where it is meant for this process.
fn not_a_count(environment: &Environment) -> Option<SocketError> {
    let count = environment.get(COUNT)?;
    let own = std::process::id().to_string();
    let is_meant = environment.get(MEANT).is_none_or(|meant| meant == own);
    let is_none = count.parse::<u16>().is_err();
    (is_meant && is_none).then(|| SocketError::Count(count.to_owned()))
}

fn descriptor(passed: &mut ListenFd, index: usize) -> io::Result<Option<OwnedFd>> {
    if let Ok(socket) = passed.take_tcp_listener(index) {
        return Ok(socket.map(OwnedFd::from));
    }
    Ok(passed.take_unix_listener(index)?.map(OwnedFd::from))
}
