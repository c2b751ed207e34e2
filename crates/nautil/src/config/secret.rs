//! A value that is never printed.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use nautil_grpc::printable::MASK;

/// A password, a token or a key, in a config section. Wherever it is printed or serialized it shows as `********`.
///
/// Its value comes from a file or a variable. The `Default` of a section leaves it empty.
///
/// ```
/// use nautil::config::Secret;
///
/// let token = Secret::from("hunter2".to_owned());
/// assert_eq!(format!("{token:?}"), "********");
/// assert_eq!(token.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the value itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { MASK }
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Secret(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SecretVisitor;
        impl<'de> Visitor<'de> for SecretVisitor {
            type Value = Secret;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret(text.to_owned()))
            }

            // The default messages would repeat the value.
            fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
                Err(refused("a boolean"))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
                Err(refused("a number"))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
                Err(refused("a number"))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
                Err(refused("a number"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
                Err(refused("a list"))
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
                Err(refused("a table"))
            }
        }
        deserializer.deserialize_any(SecretVisitor)
    }
}

fn refused<E: Error>(found: &str) -> E {
    E::custom(format_args!("found {found}, expected a string in quotes"))
}
