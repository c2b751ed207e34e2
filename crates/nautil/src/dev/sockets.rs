//! The listening sockets, held by `dev` for as long as it runs.

use std::io;
use std::os::fd::OwnedFd;

use crate::grpc::server::{Error, Listen, Listener, ServerConfig};
use crate::supervisor::{CALLS, MANAGEMENT};

/// The sockets of a server, as its config names them.
#[derive(Debug)]
pub(super) struct HeldSockets(Vec<HeldSocket>);

#[derive(Debug)]
struct HeldSocket {
    name: &'static str,
    /// The address as the config has it. With port 0 it is not the address of the listener, and yet the same socket is meant as
    /// long as the config says the same.
    asked: Listen,
    listener: Listener,
}

impl HeldSockets {
    pub(super) fn bind(config: &ServerConfig) -> Result<Self, Error> {
        let held = wanted(config).map(|(name, asked)| HeldSocket::bind(name, asked));
        Ok(Self(held.collect::<Result<_, _>>()?))
    }

    /// Binds what a changed config names, and closes what it names no more. A socket that it still names stays open, with the
    /// connections that wait there. Says whether anything changed.
    ///
    /// # Errors
    /// An address cannot be bound. Then every socket stays as it is.
    pub(super) fn follow(&mut self, config: &ServerConfig) -> Result<bool, Error> {
        let wanted: Vec<_> = wanted(config).collect();
        let new = wanted
            .iter()
            .filter(|(name, asked)| !self.0.iter().any(|held| held.is(name, asked)))
            .map(|(name, asked)| HeldSocket::bind(name, asked));
        let new = new.collect::<Result<Vec<_>, _>>()?;
        let count = self.0.len();
        self.0
            .retain(|held| wanted.iter().any(|(name, asked)| held.is(name, asked)));
        let changed = !new.is_empty() || self.0.len() < count;
        self.0.extend(new);
        Ok(changed)
    }

    /// Duplicates the descriptor of each socket, for a server process, with the name of the socket.
    pub(super) fn share(&self) -> io::Result<Vec<(&'static str, OwnedFd)>> {
        let mut shared = Vec::new();
        for held in &self.0 {
            let descriptors = held.listener.share()?.into_iter();
            shared.extend(descriptors.map(|descriptor| (held.name, descriptor)));
        }
        Ok(shared)
    }

    /// The addresses as people read them: `calls on 127.0.0.1:9001`.
    pub(super) fn addresses(&self) -> String {
        let held = self.0.iter();
        let addresses = held.flat_map(|held| {
            let addresses = held.listener.addresses();
            addresses.map(|address| format!("{} on {address}", held.name))
        });
        addresses.collect::<Vec<_>>().join(", ")
    }
}

impl HeldSocket {
    fn bind(name: &'static str, asked: &Listen) -> Result<Self, Error> {
        Ok(Self {
            name,
            asked: asked.clone(),
            listener: Listener::bind(asked, key(name))?,
        })
    }

    fn is(&self, name: &str, asked: &Listen) -> bool {
        self.name == name && self.asked == *asked
    }
}

/// The config key of the address, for errors.
fn key(name: &str) -> &'static str {
    if name == MANAGEMENT {
        "server.management.listen"
    } else {
        "server.listen"
    }
}

fn wanted(config: &ServerConfig) -> impl Iterator<Item = (&'static str, &Listen)> {
    let management = config.management.listen.as_ref();
    let management = management.map(|listen| (MANAGEMENT, listen));
    std::iter::once((CALLS, &config.listen)).chain(management)
}
