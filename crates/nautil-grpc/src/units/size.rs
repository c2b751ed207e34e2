//! A number of bytes with its unit, for `#[serde(with = "nautil_grpc::units::size")]`: `"4MiB"`, `"64KiB"`, `"512B"`.
//!
//! `KiB`, `MiB`, `GiB` are powers of 1024; `kB`, `MB`, `GB` are powers of 1000. A bare number is refused.

use std::fmt;

use bytesize::ByteSize;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

const EXPECTED: &str = "a size with its unit, such as \"4MiB\" or \"64KiB\"";

/// A number of bytes as it stands in a file: in the largest unit that leaves no rest.
struct Shown(u64);

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
    serializer.collect_str(&Shown(bytes))
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
    at_most::<{ u64::MAX }, T, D>(deserializer)
}

/// Reads a size with its unit, and refuses one that is above `MAX` bytes or does not fit `T`.
pub(crate) fn at_most<'de, const MAX: u64, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    let bytes = deserializer.deserialize_str(Text {
        max: MAX.min(largest::<T>()),
    })?;
    T::try_from(bytes).map_err(|_| D::Error::custom("a size that its type does not hold"))
}

/// Reads a number of bytes up to `max`.
struct Text {
    max: u64,
}

impl Visitor<'_> for Text {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        let invalid = |expected: &str| E::invalid_value(Unexpected::Str(text), &expected);
        // bytesize takes a bare number as bytes; here every value has its unit.
        if !text.ends_with(|last: char| last.is_ascii_alphabetic()) {
            return Err(invalid(EXPECTED));
        }
        match text.parse::<ByteSize>() {
            Ok(size) if size.as_u64() <= self.max => Ok(size.as_u64()),
            Ok(_) => Err(invalid(&format!(
                "a size of at most \"{}\"",
                Shown(self.max)
            ))),
            Err(_) => Err(invalid(EXPECTED)),
        }
    }
}

/// The largest size that fits `T`, whose bounds are powers of two.
fn largest<T: TryFrom<u64>>() -> u64 {
    let bounds = (0..u64::BITS).map(|shift| u64::MAX >> shift);
    let mut fitting = bounds.filter(|bound| T::try_from(*bound).is_ok());
    fitting.next().unwrap_or(0)
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        let mut units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")].into_iter();
        match units.find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(formatter, "{}{name}", bytes / unit),
            None => write!(formatter, "{bytes}B"),
        }
    }
}
