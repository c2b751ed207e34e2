//! The listening sockets, TCP or Unix. How connections are accepted from it is in `acceptor`.

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

/// Sockets that listen: one, or one for each address of a host name.
#[derive(Debug)]
pub struct Listener {
    /// At least one, each with its address.
    sockets: Vec<(Socket, Listen)>,
    /// Behind the sockets, so that they are closed when the file goes.
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

    /// Sockets that somebody else has bound: at least one. A file that belongs to them is theirs too.
    pub(super) fn adopt(sockets: Vec<OwnedFd>) -> Result<Self, Error> {
        let adopted = sockets.into_iter().map(|socket| {
            let socket = Socket::from(socket);
            let address = address_of(&socket).map_err(|fault| Error::Adopt { fault })?;
            Ok((socket, address))
        });
        Ok(Self {
            sockets: adopted.collect::<Result<_, Error>>()?,
            file: None,
        })
    }

    /// The first of the addresses as bound: with the real port where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> &Listen {
        &self.sockets[0].1
    }

    /// All addresses as bound.
    pub fn addresses(&self) -> impl Iterator<Item = &Listen> {
        self.sockets.iter().map(|(_, address)| address)
    }

    /// One more descriptor of each socket, for a process that accepts from them too.
    ///
    /// # Errors
    /// The system has no more descriptors for this process.
    pub fn share(&self) -> io::Result<Vec<OwnedFd>> {
        let sockets = self.sockets.iter();
        sockets
            .map(|(socket, _)| socket.try_clone().map(OwnedFd::from))
            .collect()
    }

    pub(super) fn into_parts(self) -> (Vec<(Socket, Listen)>, Option<SocketFile>) {
        (self.sockets, self.file)
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

/// How often a port is looked for that is free at every address of a name.
const ATTEMPTS: usize = 16;

/// Listens on every address of the name. One that this machine does not have, as `::1` where there is no IPv6, is left out, as
/// long as there is another.
fn bind_tcp(host: &str, port: u16) -> Result<Listener, BindFault> {
    let resolved = (host, port)
        .to_socket_addrs()
        .map_err(|_| BindFault::Unresolved)?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in resolved {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let mut attempt = 1;
    loop {
        match bind_each(&addresses) {
            Err(BindFault::InUse) if port == 0 && attempt < ATTEMPTS => attempt += 1,
            bound => {
                let sockets = bound?;
                return Ok(Listener {
                    sockets,
                    file: None,
                });
            }
        }
    }
}

/// The port that the system chose for the first address is the port of all.
fn bind_each(addresses: &[SocketAddr]) -> Result<Vec<(Socket, Listen)>, BindFault> {
    let mut sockets = Vec::new();
    let mut chosen = None;
    let mut missing = BindFault::Unresolved;
    for address in addresses {
        let mut address = *address;
        address.set_port(chosen.unwrap_or(address.port()));
        match listen_tcp(address) {
            Ok((socket, bound)) => {
                chosen = Some(bound.port());
                let bound = Listen::Tcp {
                    host: bound.ip().to_string(),
                    port: bound.port(),
                };
                sockets.push((socket, bound));
            }
            Err(error) => match BindFault::from(error) {
                fault @ (BindFault::NotAvailable | BindFault::Other(_)) => missing = fault,
                fault => return Err(fault),
            },
        }
    }
    if sockets.is_empty() {
        return Err(missing);
    }
    Ok(sockets)
}

fn listen_tcp(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Without it a restart waits for the connections that the last process closed (TIME_WAIT).
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket, bound))
}

fn bind_unix(path: &Path) -> Result<Listener, BindFault> {
    remove_stale(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let file = SocketFile(path.to_owned());
    socket.listen(BACKLOG)?;
    Ok(Listener {
        sockets: vec![(socket, Listen::Unix(path.to_owned()))],
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::net::SocketAddr;

    use super::{BindFault, Listen, bind_each};

    /// Two addresses of this machine, as a name may have them, and one that it does not have (RFC 5737).
    const ONE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
    const TWO: &str = "127.0.0.2:0";
    const ELSEWHERE: &str = "192.0.2.1:0";

    #[test]
    fn every_address_of_a_name_is_listened_on_with_one_port() {
        let sockets = bind_each(&[ONE, TWO.parse().unwrap(), ELSEWHERE.parse().unwrap()]).unwrap();
        let bound: Vec<_> = sockets
            .iter()
            .map(|(socket, listen)| match listen {
                Listen::Tcp { host, port } => (socket.is_listener().unwrap(), &**host, *port),
                Listen::Unix(_) => panic!("{listen}"),
            })
            .collect();
        let port = bound[0].2;
        assert_ne!(port, 0);
        assert_eq!(
            bound,
            [(true, "127.0.0.1", port), (true, "127.0.0.2", port)]
        );
    }

    #[test]
    fn an_address_that_is_taken_is_no_half_of_a_name() {
        let taken = bind_each(&[TWO.parse().unwrap()]).unwrap();
        let Listen::Tcp { port, .. } = taken[0].1 else {
            panic!("{:?}", taken[0].1)
        };
        let one = SocketAddr::new(ONE.ip(), port);
        let two = SocketAddr::new([127, 0, 0, 2].into(), port);
        let bound = bind_each(&[one, two]);
        assert!(matches!(bound, Err(BindFault::InUse)), "{bound:?}");
    }

    #[test]
    fn a_name_without_an_address_of_this_machine_is_an_error() {
        let bound = bind_each(&[ELSEWHERE.parse().unwrap()]);
        assert!(matches!(bound, Err(BindFault::NotAvailable)), "{bound:?}");
    }
}
