//! Addresses that belong together.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// Addresses that belong together: `10.0.0.0/8`, or one alone: `10.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// A text that is no [`Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an IP address, or a network such as `10.0.0.0/8`")]
pub struct NetworkError;

impl Network {
    /// Whether the address is one of them. An IPv4 address that is written as IPv6 is the same address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let one = text.parse::<IpAddr>().map(IpNet::from);
        let network = one.or_else(|_| text.parse::<IpNet>());
        network.map(canonical).map(Self).map_err(|_| NetworkError)
    }
}

/// A network of IPv4 addresses that is written as one of IPv6 (`::ffff:10.0.0.0/104`) as what it is.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else {
        return network;
    };
    let four = six.addr().to_ipv4_mapped();
    let prefix = six.prefix_len().checked_sub(96);
    let four = four
        .zip(prefix)
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    four.map_or(network, IpNet::V4)
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(formatter)
        } else {
            self.0.fmt(formatter)
        }
    }
}

impl Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::Network;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for network in ["10.0.0.0/8", "::ffff:10.0.0.0/104"] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.to_string(), "10.0.0.0/8");
            for address in ["10.1.2.3", "::ffff:10.1.2.3"] {
                assert!(network.contains(address.parse().unwrap()), "{address}");
            }
            assert!(!network.contains("11.0.0.1".parse().unwrap()));
        }
        let one: Network = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(one.to_string(), "10.0.0.1");
        for text in ["", "300.0.0.1", "10.0.0.0/33", "localhost"] {
            text.parse::<Network>().unwrap_err();
        }
    }
}
