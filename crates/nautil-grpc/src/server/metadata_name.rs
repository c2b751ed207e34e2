//! Names of metadata in a config.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;
use serde::{Deserialize, Serialize};

/// The name of metadata, in lower case: `x-tenant`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetadataName(HeaderName);

/// A text that is no [`MetadataName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of metadata, such as `x-tenant`; those of the protocol itself, such as `grpc-timeout`, are none"
)]
pub struct MetadataNameError;

/// What the protocol says of each call anew.
const OF_THE_PROTOCOL: [&str; 5] = ["te", "host", "content-type", "content-length", "user-agent"];

impl MetadataName {
    /// The name as the header that it is.
    #[must_use]
    pub fn header(&self) -> &HeaderName {
        &self.0
    }
}

impl FromStr for MetadataName {
    type Err = MetadataNameError;

    fn from_str(text: &str) -> Result<Self, MetadataNameError> {
        let name: HeaderName = text.parse().map_err(|_| MetadataNameError)?;
        let text = name.as_str();
        if text.starts_with("grpc-") || OF_THE_PROTOCOL.contains(&text) {
            return Err(MetadataNameError);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for MetadataName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl Serialize for MetadataName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MetadataName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
