//! Who is let in: the number of connections, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::config::Limits;

/// The connections that are open, and how many may be.
#[derive(Debug)]
pub(super) struct Admission {
    max: u32,
    max_per_address: u32,
    open: Mutex<Open>,
    refused: [AtomicU64; 2],
}

#[derive(Debug, Default)]
struct Open {
    total: u32,
    per_address: HashMap<IpAddr, u32>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

/// Which key keeps a connection out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    MaxConnections,
    MaxConnectionsPerAddress,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            max: limits.max_connections,
            max_per_address: limits.max_connections_per_address,
            open: Mutex::default(),
            refused: Default::default(),
        })
    }

    /// A place for a connection from `address`, which a Unix socket does not have.
    pub(super) fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Refused> {
        self.try_admit(address).inspect_err(|refused| {
            self.refused[*refused as usize].fetch_add(1, Ordering::Relaxed);
        })
    }

    /// How many connections were kept out by this key.
    pub(super) fn refused(&self, by: Refused) -> u64 {
        self.refused[by as usize].load(Ordering::Relaxed)
    }

    fn try_admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Refused> {
        let address = address.filter(|_| self.max_per_address > 0);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.max > 0 && open.total >= self.max {
            return Err(Refused::MaxConnections);
        }
        if let Some(address) = address {
            let count = open.per_address.entry(address).or_default();
            if *count >= self.max_per_address {
                return Err(Refused::MaxConnectionsPerAddress);
            }
            *count += 1;
        }
        open.total += 1;
        Ok(Permit {
            admission: Arc::clone(self),
            address,
        })
    }
}

impl Refused {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::MaxConnections => "server.limits.max_connections",
            Self::MaxConnectionsPerAddress => "server.limits.max_connections_per_address",
        }
    }

    /// The key in `server.limits`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MaxConnections => "max_connections",
            Self::MaxConnectionsPerAddress => "max_connections_per_address",
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self
            .admission
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        let Some(address) = self.address else {
            return;
        };
        if let Some(count) = open.per_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.per_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{Admission, Refused};
    use crate::server::Limits;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    const THERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::BROADCAST));

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again() {
        let admission = Admission::new(&Limits {
            max_connections: 2,
            max_connections_per_address: 1,
            ..Limits::default()
        });
        let here = admission.admit(HERE).unwrap();
        assert_eq!(
            admission.admit(HERE).unwrap_err(),
            Refused::MaxConnectionsPerAddress
        );
        let _there = admission.admit(THERE).unwrap();
        assert_eq!(admission.admit(None).unwrap_err(), Refused::MaxConnections);

        drop(here);
        assert!(admission.admit(HERE).is_ok());
    }

    #[test]
    fn an_address_keeps_the_places_that_it_did_not_give_back() {
        let admission = Admission::new(&Limits {
            max_connections_per_address: 2,
            ..Limits::default()
        });
        let first = admission.admit(HERE).unwrap();
        let _second = admission.admit(HERE).unwrap();
        drop(first);
        let _third = admission.admit(HERE).unwrap();
        assert_eq!(
            admission.admit(HERE).unwrap_err(),
            Refused::MaxConnectionsPerAddress
        );
    }

    #[test]
    fn an_address_without_a_connection_is_forgotten() {
        let admission = Admission::new(&Limits {
            max_connections_per_address: 2,
            ..Limits::default()
        });
        drop(admission.admit(HERE).unwrap());
        assert!(admission.open.lock().unwrap().per_address.is_empty());
    }

    #[test]
    fn zero_is_no_limit() {
        let admission = Admission::new(&Limits {
            max_connections: 0,
            max_connections_per_address: 0,
            ..Limits::default()
        });
        let places = [HERE, HERE, THERE, None].map(|address| admission.admit(address).unwrap());
        assert_eq!(admission.open.lock().unwrap().total, 4);
        drop(places);
        assert_eq!(admission.refused(Refused::MaxConnections), 0);
    }

    #[test]
    fn those_kept_out_are_counted_by_the_key_that_did_it() {
        let admission = Admission::new(&Limits {
            max_connections: 2,
            max_connections_per_address: 1,
            ..Limits::default()
        });
        let _here = admission.admit(HERE).unwrap();
        admission.admit(HERE).unwrap_err();
        let _there = admission.admit(THERE).unwrap();
        admission.admit(HERE).unwrap_err();
        admission.admit(None).unwrap_err();
        assert_eq!(admission.refused(Refused::MaxConnections), 2);
        assert_eq!(admission.refused(Refused::MaxConnectionsPerAddress), 1);
    }

    #[test]
    fn who_is_kept_out_is_told_the_key_that_does_it() {
        for (refused, name) in [
            (Refused::MaxConnections, "max_connections"),
            (
                Refused::MaxConnectionsPerAddress,
                "max_connections_per_address",
            ),
        ] {
            assert_eq!(refused.name(), name);
            assert_eq!(refused.key(), format!("server.limits.{name}"));
        }
    }
}
