//! Where a server listens: `localhost:9001`, `https://rates.example.com`, `unix:/run/rates.sock`.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::printable;

const EXPECTED: &str =
    "a host such as `localhost:9001`, `https://rates.example.com` or `unix:/run/rates.sock`";
const EXPECTED_PORT: &str = "a port after the host, as in `localhost:9001`";
const EXPECTED_PORT_RANGE: &str = "a port between 1 and 65535";
const EXPECTED_NO_PATH: &str = "no path or query after the host and its port";
const EXPECTED_SCHEME: &str = "one of the schemes `http`, `https` and `unix`";
const EXPECTED_NO_USER: &str = "no user and password before the host";
const EXPECTED_NO_SPACES: &str = "no spaces in a host";
const EXPECTED_NAME: &str = "a host name or an address, with IPv6 in brackets as in `[::1]:9001`";
const EXPECTED_SOCKET: &str = "the path of a socket, as in `unix:/run/rates.sock`";

/// Where a server listens. It prints as it was written.
///
/// | written | means |
/// |---|---|
/// | `localhost:9001`, `10.0.0.7:9001`, `[::1]:9001` | HTTP/2 without TLS; the port is required |
/// | `http://localhost:9001`, `http://rates` | the same; the port defaults to 80 |
/// | `https://rates:9001`, `https://rates` | HTTP/2 over TLS; the port defaults to 443 |
/// | `unix:/run/rates.sock`, `unix:///run/rates.sock` | a Unix socket |
/// | `unix:rates.sock` | a Unix socket, relative to the working directory |
///
/// ```
/// use nautil_grpc::client::Host;
///
/// let host: Host = "https://rates.example.com".parse()?;
/// assert_eq!(host.to_string(), "https://rates.example.com");
/// assert!("localhost".parse::<Host>().is_err());
/// # Ok::<_, nautil_grpc::client::HostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    text: String,
    address: Address,
}

/// A text that is no [`Host`]. It is repeated without the password that may stand in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected {expected}")]
pub struct HostError {
    found: String,
    expected: &'static str,
}

/// What to dial.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// `name` is without the brackets around IPv6.
    Tcp {
        name: String,
        port: u16,
        tls: bool,
    },
    Unix(PathBuf),
}

impl Host {
    /// Whether calls to this host go over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.address, Address::Tcp { tls: true, .. })
    }

    /// The path of the Unix socket, where this is one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match &self.address {
            Address::Unix(path) => Some(path),
            Address::Tcp { .. } => None,
        }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        match address(text) {
            Ok(address) => Ok(Self {
                text: text.to_owned(),
                address,
            }),
            Err(expected) => Err(HostError {
                found: printable::host(text),
                expected,
            }),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Host;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Host, E> {
                text.parse()
                    .map_err(|error: HostError| match error.expected {
                        // The text would be repeated as it is, and a password may stand in it.
                        EXPECTED_NO_USER => E::custom(format_args!(
                            "found \"{}\", expected {EXPECTED_NO_USER}",
                            error.found
                        )),
                        expected => E::invalid_value(Unexpected::Str(text), &expected),
                    })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The error is what was expected.
fn address(text: &str) -> Result<Address, &'static str> {
    if text.is_empty() {
        return Err(EXPECTED);
    }
    // gRPC knows no password of a connection; and what is kept out here is printed nowhere.
    if text.contains('@') && !text.starts_with("unix:") {
        return Err(EXPECTED_NO_USER);
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(EXPECTED_NO_SPACES);
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return socket(path).map(Address::Unix);
    }
    let (rest, tls, default_port) = match text.split_once("://") {
        None => (text, false, None),
        Some(("http", rest)) => (rest, false, Some(80)),
        Some(("https", rest)) => (rest, true, Some(443)),
        Some(_) => return Err(EXPECTED_SCHEME),
    };
    if rest.contains(['/', '?', '#']) {
        return Err(EXPECTED_NO_PATH);
    }
    let (name, port) = split_port(rest)?;
    if !is_name(name) {
        return Err(EXPECTED_NAME);
    }
    let port = match port {
        Some(digits) => parse_port(digits)?,
        None => default_port.ok_or(EXPECTED_PORT)?,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    Ok(Address::Tcp {
        name: name.to_owned(),
        port,
        tls,
    })
}

fn socket(path: &str) -> Result<PathBuf, &'static str> {
    // `unix://name/…` would make `name` an authority, which a socket has not.
    let path = match path.strip_prefix("//") {
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some(_) => return Err(EXPECTED_SOCKET),
        None => path,
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(EXPECTED_SOCKET);
    }
    Ok(PathBuf::from(path))
}

/// Splits `name:port`; the brackets of an IPv6 address stay.
fn split_port(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(EXPECTED_NAME)?;
        let (name, port) = text.split_at(end + 1);
        return match port.strip_prefix(':') {
            Some(port) => Ok((name, Some(port))),
            None if port.is_empty() => Ok((name, None)),
            None => Err(EXPECTED_NAME),
        };
    }
    match text.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(EXPECTED_NAME),
        Some((name, port)) => Ok((name, Some(port))),
        None => Ok((text, None)),
    }
}

fn is_name(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn parse_port(digits: &str) -> Result<u16, &'static str> {
    // `u16::from_str` takes a leading plus sign.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EXPECTED_PORT);
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(EXPECTED_PORT_RANGE),
        Ok(port) => Ok(port),
    }
}
