//! Where a server listens: `127.0.0.1:9001`, `[::1]:9001`, `localhost:9001`, `unix:/run/app.sock`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::printable;

/// An address to listen on, or one that is listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port.
    Tcp {
        /// An IP address or a host name, without the brackets of IPv6. Names are resolved at bind.
        host: String,
        /// 0 takes any free port.
        port: u16,
    },
    /// A Unix socket, made at bind and removed at stop.
    Unix(PathBuf),
}

/// A text that is no address to listen on. It is repeated without the password that may stand in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is no address to listen on: expected `<host>:<port>` such as `127.0.0.1:9001`, or `unix:<path>`"
)]
pub struct ListenError {
    found: String,
}

impl Default for Listen {
    fn default() -> Self {
        Self::Tcp {
            host: "127.0.0.1".to_owned(),
            port: 9001,
        }
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let error = || ListenError {
            found: printable::host(text),
        };
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(error()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let port = port.parse().map_err(|_| error())?;
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(error)?,
            // Without brackets nobody can tell where an IPv6 address ends and the port begins.
            None if host.contains(':') => return Err(error()),
            None => host,
        };
        if bare.is_empty() || bare.contains(['/', '[', ']']) || bare.contains(char::is_whitespace) {
            return Err(error());
        }
        Ok(Self::Tcp {
            host: bare.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => {
                write!(formatter, "[{host}]:{port}")
            }
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::Listen;

    #[test]
    fn an_address_survives_the_way_to_text_and_back() {
        for text in [
            "127.0.0.1:9001",
            "[::1]:9001",
            "localhost:0",
            "unix:/run/app.sock",
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_was_expected() {
        for text in [
            "",
            "9001",
            ":9001",
            "::1:9001",
            "[::1:9001",
            "host:",
            "host:x",
            "host:70000",
            "unix:",
            "http://host:1",
        ] {
            let error = text.parse::<Listen>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no address")),
                "{error}"
            );
        }
    }
}
