//! A [`Duration`] with its unit, for `#[serde(with = "nautil_grpc::units::duration")]`: `"30s"`, `"1m 30s"`, `"250ms"`.
//!
//! A bare number is refused: nobody should have to remember which unit a key meant.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

const EXPECTED: &str = "a duration with its unit, such as \"30s\" or \"250ms\"";

/// Writes the shortest form that [`deserialize`] reads back.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

/// Reads a duration with its unit.
///
/// # Errors
/// A value that is no string, has no unit, or an unknown one.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            // humantime takes "0" alone as a duration; here every value has its unit.
            if text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(E::invalid_value(Unexpected::Str(text), &EXPECTED));
            }
            humantime::parse_duration(text)
                .map_err(|_| E::invalid_value(Unexpected::Str(text), &EXPECTED))
        }
    }
    deserializer.deserialize_str(Text)
}
