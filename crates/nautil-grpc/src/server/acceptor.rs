//! The accept loop: takes connections from the socket and hands each to a worker.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

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

/// The socket, watched by the runtime, and who is let in.
#[derive(Debug)]
pub(super) struct Acceptor {
    socket: Watched,
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
        let (socket, address, file) = listener.into_parts();
        let watched = match &address {
            Listen::Tcp { .. } => TcpListener::from_std(socket.into()).map(Watched::Tcp),
            Listen::Unix(_) => UnixListener::from_std(socket.into()).map(Watched::Unix),
        };
        let socket = watched.map_err(|source| Error::Listener {
            listen: address.clone(),
            source,
        })?;
        Ok(Self {
            socket,
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

    /// Accepts until `shutdown` is ready, and hands each connection to `serve`; the socket is closed on return.
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
                accepted = self.socket.accept() => accepted,
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

    /// `full` remembers why the last connection was refused, so that an episode is logged once.
    fn hand_over(
        &self,
        socket: Socket,
        address: Option<IpAddr>,
        serve: &impl Fn(Accepted),
        full: &mut Option<Refused>,
    ) {
        match self.admission.admit(address) {
            Ok(permit) => {
                *full = None;
                serve(Accepted { socket, permit });
            }
            Err(refused) => {
                if full.replace(refused) != Some(refused) {
                    let key = refused.key();
                    warn!(peer = ?address, key, "a connection was refused: the limit is reached");
                }
            }
        }
    }
}

impl Watched {
    /// A connection, and its address where there is one. It leaves this reactor: its worker's watches it.
    async fn accept(&self) -> io::Result<(Socket, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, peer) = listener.accept().await?;
                // A response is written at once; Nagle would hold the second half of it for the peer's ACK.
                if let Err(error) = socket.set_nodelay(true) {
                    debug!(%error, "a connection keeps its delay");
                }
                Ok((Socket::Tcp(socket.into_std()?), Some(peer.ip())))
            }
            Self::Unix(listener) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket.into_std()?), None))
            }
        }
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
