//! The accept loop: takes connections from the socket and hands each to a worker.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, UnixListener};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::admission::{Admission, Refused};
use super::backoff::Backoff;
use super::config::Limits;
use super::error::Error;
use super::listen::Listen;
use super::listener::{Listener, SocketFile};
use super::worker::{Accepted, Socket};
use crate::call::PeerAddress;

/// The sockets, watched by the runtime, and who is let in.
#[derive(Debug)]
pub(super) struct Acceptor {
    /// At least one.
    sockets: Vec<Watched>,
    /// The socket that is asked first the next time, so that none waits behind another for ever.
    first: AtomicUsize,
    /// The first of the addresses, for the log.
    address: Listen,
    admission: Arc<Admission>,
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Watched {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Acceptor {
    pub(super) fn new(listener: Listener, limits: &Limits) -> Result<Self, Error> {
        let (sockets, file) = listener.into_parts();
        let address = sockets[0].1.clone();
        let watched = sockets.into_iter().map(|(socket, listen)| {
            let watched = match &listen {
                Listen::Tcp { .. } => TcpListener::from_std(socket.into()).map(Watched::Tcp),
                Listen::Unix(_) => UnixListener::from_std(socket.into()).map(Watched::Unix),
            };
            watched.map_err(|source| Error::Listener { listen, source })
        });
        Ok(Self {
            sockets: watched.collect::<Result<_, _>>()?,
            first: AtomicUsize::new(0),
            address,
            admission: Admission::new(limits),
            _file: file,
        })
    }

    pub(super) fn address(&self) -> &Listen {
        &self.address
    }

    /// Who is let in.
    pub(super) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Accepts until `shutdown` is ready, and hands each connection to `serve`; the sockets are closed on return.
    pub(super) async fn run<S, F>(self, serve: S, shutdown: F)
    where
        S: Fn(Accepted),
        F: Future<Output = ()>,
    {
        let mut shutdown = pin!(shutdown);
        let mut backoff = Backoff::default();
        let mut full = None;
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.as_mut() => return,
                accepted = self.accept() => accepted,
            };
            match accepted {
                Ok((socket, address)) => {
                    if backoff.is_waiting() {
                        info!(address = %self.address, "accepting connections again");
                        backoff.reset();
                    }
                    self.hand_over(socket, address, &serve, &mut full);
                }
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    if !backoff.is_waiting() {
                        warn!(address = %self.address, %error, "cannot accept connections; trying on");
                    }
                    tokio::select! {
                        () = shutdown.as_mut() => return,
                        () = sleep(backoff.pause()) => {}
                    }
                }
            }
        }
    }

    /// A connection from any of the sockets.
    async fn accept(&self) -> io::Result<(Socket, PeerAddress)> {
        poll_fn(|context| {
            let count = self.sockets.len();
            let first = self.first.load(Ordering::Relaxed);
            for step in 0..count {
                let at = (first + step) % count;
                if let Poll::Ready(accepted) = self.sockets[at].poll_accept(context) {
                    self.first.store(at + 1, Ordering::Relaxed);
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// `full` remembers why the last connection was refused, so that an episode is logged once.
    fn hand_over(
        &self,
        socket: Socket,
        address: PeerAddress,
        serve: &impl Fn(Accepted),
        full: &mut Option<Refused>,
    ) {
        match self.admission.admit(address.ip()) {
            Ok(permit) => {
                *full = None;
                let peer = address;
                serve(Accepted {
                    socket,
                    peer,
                    permit,
                });
            }
            Err(refused) => {
                if full.replace(refused) != Some(refused) {
                    let key = refused.key();
                    warn!(peer = %address, key, "a connection was refused: the limit is reached");
                }
            }
        }
    }
}

impl Watched {
    /// A connection, and its address where there is one. It leaves this reactor: its worker's watches it.
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Socket, PeerAddress)>> {
        Poll::Ready(match self {
            Self::Tcp(listener) => {
                let (socket, peer) = ready!(listener.poll_accept(context))?;
                // A response is written at once; Nagle would hold the second half of it for the peer's ACK.
                if let Err(error) = socket.set_nodelay(true) {
                    debug!(%error, "a connection keeps its delay");
                }
                let socket = socket.into_std()?;
                Ok((Socket::Tcp(socket), PeerAddress::Tcp(peer)))
            }
            Self::Unix(listener) => {
                let (socket, _) = ready!(listener.poll_accept(context))?;
                Ok((Socket::Unix(socket.into_std()?), PeerAddress::Unix))
            }
        })
    }
}

/// Errors of the connection that was to be accepted, not of this process: the next accept may work at once.
fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
