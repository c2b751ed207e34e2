//! A time that something may take, or `"none"`: a limit that can be switched off says so, and not with a zero.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::duration;

/// What switches a limit off.
const NONE: &str = "none";

const EXPECTED: &str = "a duration with its unit, such as \"30s\" or \"250ms\", or \"none\"";

/// How long something may take; nothing is no limit. In text it is a duration with its unit, or `"none"`.
///
/// ```
/// use std::time::Duration;
///
/// use nautil_grpc::units::Limit;
///
/// let limit = Limit::from(Duration::from_secs(30));
/// assert_eq!(limit.to_string(), "30s");
/// assert_eq!(Limit::NONE.to_string(), "none");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

impl Limit {
    /// No limit.
    pub const NONE: Self = Self(None);
}

impl From<Duration> for Limit {
    fn from(limit: Duration) -> Self {
        Self(Some(limit))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(limit) => humantime::format_duration(limit).fmt(formatter),
            None => formatter.write_str(NONE),
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Limit;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Limit, E> {
                if text == NONE {
                    return Ok(Limit::NONE);
                }
                duration::parse(text).map(Limit::from).map_err(|fault| {
                    E::invalid_value(Unexpected::Str(text), &fault.expected(EXPECTED))
                })
            }
        }
        deserializer.deserialize_str(Text)
    }
}
