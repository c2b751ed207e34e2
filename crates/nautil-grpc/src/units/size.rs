//! A number of bytes with its unit, for `#[serde(with = "nautil_grpc::units::size")]`: `"4MiB"`, `"64KiB"`, `"512B"`.
//!
//! `KiB`, `MiB`, `GiB` are powers of 1024; `kB`, `MB`, `GB` are powers of 1000. A bare number is refused.

use std::fmt;

use bytesize::ByteSize;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

const EXPECTED: &str = "a size with its unit, such as \"4MiB\" or \"64KiB\"";

/// Writes a form that [`deserialize`] reads back without loss.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Copy + TryInto<u64>,
    S: Serializer,
{
    let bytes: u64 = (*value)
        .try_into()
        .map_err(|_| serde::ser::Error::custom("a size that does not fit 64 bits"))?;
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units
        .into_iter()
        .find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit))
    {
        Some((unit, name)) => serializer.collect_str(&format_args!("{}{name}", bytes / unit)),
        None => serializer.collect_str(&format_args!("{bytes}B")),
    }
}

/// Reads a size with its unit.
///
/// # Errors
/// A value that is no string, has no unit, or does not fit `T`.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    struct Text;
    impl Visitor<'_> for Text {
        type Value = u64;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
            let invalid = || E::invalid_value(Unexpected::Str(text), &EXPECTED);
            // bytesize takes a bare number as bytes; here every value has its unit.
            if !text.ends_with(|last: char| last.is_ascii_alphabetic()) {
                return Err(invalid());
            }
            text.parse::<ByteSize>()
                .map(|size| size.as_u64())
                .map_err(|_| invalid())
        }
    }
    let bytes = deserializer.deserialize_str(Text)?;
    T::try_from(bytes).map_err(|_| D::Error::custom(format_args!("{bytes} bytes are too many")))
}
