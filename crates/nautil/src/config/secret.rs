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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::iter;

    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, MapDeserializer, SeqDeserializer};

    use super::Secret;

    #[test]
    fn whatever_is_no_text_is_refused_without_its_value() {
        fn refused<'de>(found: impl IntoDeserializer<'de, Error>) -> String {
            let refused = Secret::deserialize(found.into_deserializer());
            refused.unwrap_err().to_string()
        }
        let list = SeqDeserializer::<_, Error>::new(iter::once(5));
        let table = MapDeserializer::<_, Error>::new(iter::once(("a", 5)));
        for (said, found) in [
            (refused(true), "a boolean"),
            (refused(5_u64), "a number"),
            (refused(-5_i64), "a number"),
            (refused(0.5), "a number"),
            (Secret::deserialize(list).unwrap_err().to_string(), "a list"),
            (
                Secret::deserialize(table).unwrap_err().to_string(),
                "a table",
            ),
        ] {
            assert_eq!(said, format!("found {found}, expected a string in quotes"));
        }
        assert_eq!(refused(()), "invalid type: unit value, expected a string");
    }

    #[test]
    fn a_secret_shows_that_it_is_there_and_not_what_it_is() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "********");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{:?}", Secret::default()), "");
    }
}
