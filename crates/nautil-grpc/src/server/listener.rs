//! The listening socket, TCP or Unix. How connections are accepted from it is in `acceptor`.

use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::error::{AdoptFault, BindFault, Error};
use super::listen::Listen;

/// Connections that the kernel holds until they are accepted: enough for all clients to come back at once.
const BACKLOG: i32 = 4096;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: Listen,
    /// Behind the socket, so that the socket is closed when its file goes.
    file: Option<SocketFile>,
}

/// The file of a Unix socket; removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Listener {
    /// Listens on an address. `key` is where it stands in the config, for the error.
    ///
    /// # Errors
    /// [`Error::Bind`], with what to do.
    pub fn bind(listen: &Listen, key: &'static str) -> Result<Self, Error> {
        let bound = match listen {
            Listen::Tcp { host, port } => bind_tcp(host, *port),
            Listen::Unix(path) => bind_unix(path),
        };
        bound.map_err(|fault| Error::Bind {
            key,
            listen: listen.clone(),
            fault,
        })
    }

    /// A socket that somebody else has bound. Its file, where it has one, is theirs too.
    pub(super) fn adopt(socket: OwnedFd) -> Result<Self, Error> {
        let socket = Socket::from(socket);
        let address = address_of(&socket).map_err(|fault| Error::Adopt { fault })?;
        Ok(Self {
            socket,
            address,
            file: None,
        })
    }

    /// The address as bound: with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> &Listen {
        &self.address
    }

    /// One more descriptor of the same socket, for a process that accepts from it too.
    ///
    /// # Errors
    /// The system has no more descriptors for this process.
    pub fn share(&self) -> io::Result<OwnedFd> {
        self.socket.try_clone().map(OwnedFd::from)
    }

    pub(super) fn into_parts(self) -> (Socket, Listen, Option<SocketFile>) {
        (self.socket, self.address, self.file)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever removed it before did what is done here.
        let _ = fs::remove_file(&self.0);
    }
}

/// Checks that connections can be accepted from a socket, and says from where.
fn address_of(socket: &Socket) -> Result<Listen, AdoptFault> {
    if !socket.is_listener()? {
        return Err(AdoptFault::NotListening);
    }
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    if let Some(address) = address.as_socket() {
        return Ok(Listen::Tcp {
            host: address.ip().to_string(),
            port: address.port(),
        });
    }
    match address.as_pathname() {
        Some(path) => Ok(Listen::Unix(path.to_owned())),
        None if address.is_unix() => Err(AdoptFault::Nameless),
        None => Err(AdoptFault::Family),
    }
}

fn bind_tcp(host: &str, port: u16) -> Result<Listener, BindFault> {
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|_| BindFault::Unresolved)?;
    let mut fault = BindFault::Unresolved;
    for address in addresses {
        match listen_tcp(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => fault = error.into(),
        }
    }
    Err(fault)
}

fn listen_tcp(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Without it a restart waits for the connections that the last process closed (TIME_WAIT).
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok(Listener {
        socket,
        address: Listen::Tcp {
            host: bound.ip().to_string(),
            port: bound.port(),
        },
        file: None,
    })
}

fn bind_unix(path: &Path) -> Result<Listener, BindFault> {
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile(path.to_owned());
    socket.listen(BACKLOG)?;
    Ok(Listener {
        socket,
        address: Listen::Unix(path.to_owned()),
        file: Some(file),
    })
}

/// Removes the socket file that a killed process left behind. One that somebody answers on stays.
fn remove_stale(path: &Path) -> Result<(), BindFault> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(BindFault::NotASocket);
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(fs::remove_file(path)?)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(BindFault::Denied),
        _ => Err(BindFault::InUse),
    }
}
