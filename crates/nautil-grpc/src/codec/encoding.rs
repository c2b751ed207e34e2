//! Compression: by which encodings a message may be made smaller, and how.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/compression.md>

use std::fmt;
use std::io::{self, Read, Write};

use bytes::{BufMut, BytesMut};
use flate2::Compression;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use serde::{Deserialize, Serialize};

/// An encoding of messages, by its name in `grpc-encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encoding {
    /// The most widely understood (RFC 1952).
    Gzip,
    /// The same without gzip's checksum and header (RFC 1950).
    Deflate,
    /// Smaller and quicker than the others (RFC 8878).
    Zstd,
}

/// Encodings, in an order of preference. In text it is a list of names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Encoding>", try_from = "Vec<Encoding>")]
pub struct Encodings([Option<Encoding>; Encoding::ALL.len()]);

/// A list that has an encoding twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected each encoding once")]
pub struct EncodingTwice;

/// Why a message cannot be decompressed.
#[derive(Debug)]
pub(crate) enum DecompressFault {
    /// It has more bytes than are allowed, at least one more.
    TooLarge,
    /// It is not what the encoding makes.
    Malformed(io::Error),
}

/// The level of zstd's own command line: quicker than gzip, and smaller.
const ZSTD_LEVEL: i32 = 3;

/// The part of a message that zstd may look back on, as a power of two: the 8 MiB that every decoder should allow (RFC 8878, section
/// 3.1.1.1.2). A frame that asks for more memory than that is refused, whatever it announces.
const ZSTD_WINDOW: u32 = 23;

impl Encoding {
    const ALL: [Self; 3] = [Self::Gzip, Self::Deflate, Self::Zstd];

    /// The name in `grpc-encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    /// The encoding of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Appends a message, compressed.
    pub(crate) fn compress(self, message: &[u8], into: &mut BytesMut) {
        let into = into.writer();
        let written = match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(into, Compression::default());
                let written = encoder.write_all(message);
                written.and_then(|()| encoder.finish().map(drop))
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(into, Compression::default());
                let written = encoder.write_all(message);
                written.and_then(|()| encoder.finish().map(drop))
            }
            Self::Zstd => zstd::stream::copy_encode(message, into, ZSTD_LEVEL),
        };
        written.expect("memory can be written to");
    }

    /// A message of at most `limit` bytes. Memory grows with what comes out, so that a few bytes which announce a gigabyte cost
    /// no more than the limit.
    pub(crate) fn decompress(
        self,
        compressed: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressFault> {
        match self {
            Self::Gzip => {
                let mut decoder = GzDecoder::new(compressed);
                let message = read(&mut decoder, compressed.len(), limit)?;
                alone(decoder.into_inner(), message)
            }
            Self::Deflate => {
                let mut decoder = ZlibDecoder::new(compressed);
                let message = read(&mut decoder, compressed.len(), limit)?;
                alone(decoder.into_inner(), message)
            }
            // Some encoders make nothing of a message that is nothing.
            Self::Zstd if compressed.is_empty() => Ok(Vec::new()),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(compressed)
                    .map_err(DecompressFault::Malformed)?
                    .single_frame();
                decoder
                    .window_log_max(ZSTD_WINDOW)
                    .map_err(DecompressFault::Malformed)?;
                let message = read(&mut decoder, compressed.len(), limit)?;
                alone(decoder.finish(), message)
            }
        }
    }
}

/// A message behind which there is nothing. Each encoding allows several parts one after the other; thousands that are empty
/// would cost seconds, and no encoder of messages makes more than one.
fn alone(rest: &[u8], message: Vec<u8>) -> Result<Vec<u8>, DecompressFault> {
    if rest.is_empty() {
        return Ok(message);
    }
    let more = io::Error::new(io::ErrorKind::InvalidData, "there is more behind its end");
    Err(DecompressFault::Malformed(more))
}

fn read(
    mut decoder: impl Read,
    compressed: usize,
    limit: usize,
) -> Result<Vec<u8>, DecompressFault> {
    let mut bytes = Vec::new();
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            if filled > limit {
                return Err(DecompressFault::TooLarge);
            }
            // One byte above the limit is enough to know that there are more.
            let more = filled.max(compressed).max(64);
            let size = filled.saturating_add(more).min(limit.saturating_add(1));
            bytes.reserve_exact(size - filled);
            bytes.resize(size, 0);
        }
        match decoder.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DecompressFault::Malformed(error)),
        }
    }
    if filled > limit {
        return Err(DecompressFault::TooLarge);
    }
    bytes.truncate(filled);
    Ok(bytes)
}

impl Encodings {
    /// None: nothing is compressed.
    pub const NONE: Self = Self([None; Encoding::ALL.len()]);

    /// All that there are.
    pub const ALL: Self = Self([
        Some(Encoding::Gzip),
        Some(Encoding::Zstd),
        Some(Encoding::Deflate),
    ]);

    /// One alone.
    #[must_use]
    pub const fn only(encoding: Encoding) -> Self {
        Self([Some(encoding), None, None])
    }

    /// In the order of preference.
    pub fn iter(&self) -> impl Iterator<Item = Encoding> {
        self.0.into_iter().flatten()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    pub(crate) fn contains(&self, encoding: Encoding) -> bool {
        self.0.contains(&Some(encoding))
    }

    /// The first of these that a list such as `identity, gzip` has.
    pub(crate) fn first_of(&self, list: &str) -> Option<Encoding> {
        let is_listed =
            |encoding: &Encoding| list.split(',').any(|name| name.trim() == encoding.name());
        self.iter().find(is_listed)
    }
}

/// As in `grpc-accept-encoding`.
impl fmt::Display for Encodings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("identity")?;
        self.iter()
            .try_for_each(|encoding| write!(formatter, ",{}", encoding.name()))
    }
}

impl From<Encodings> for Vec<Encoding> {
    fn from(encodings: Encodings) -> Self {
        encodings.iter().collect()
    }
}

impl TryFrom<Vec<Encoding>> for Encodings {
    type Error = EncodingTwice;

    fn try_from(list: Vec<Encoding>) -> Result<Self, EncodingTwice> {
        let mut encodings = Self::NONE;
        for (index, encoding) in list.into_iter().enumerate() {
            if encodings.contains(encoding) {
                return Err(EncodingTwice);
            }
            // There are as many places as encodings.
            encodings.0[index] = Some(encoding);
        }
        Ok(encodings)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use bytes::BytesMut;

    use super::{DecompressFault, Encoding, Encodings};

    fn compressed(encoding: Encoding, message: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::new();
        encoding.compress(message, &mut bytes);
        bytes
    }

    #[test]
    fn what_is_compressed_comes_back() {
        for encoding in Encoding::ALL {
            for message in [&b""[..], b"one", &[7; 100_000]] {
                let bytes = compressed(encoding, message);
                let back = encoding.decompress(&bytes, message.len()).unwrap();
                assert_eq!(back, message, "{encoding:?}");
            }
            assert!(compressed(encoding, &[7; 100_000]).len() < 1_000);
        }
    }

    #[test]
    fn a_message_may_be_as_large_as_the_limit_and_no_larger() {
        for encoding in Encoding::ALL {
            let bytes = compressed(encoding, &[0; 10_000]);
            assert_eq!(encoding.decompress(&bytes, 10_000).unwrap().len(), 10_000);
            let refused = encoding.decompress(&bytes, 9_999).unwrap_err();
            assert!(matches!(refused, DecompressFault::TooLarge), "{encoding:?}");
            let refused = encoding.decompress(&bytes, 0).unwrap_err();
            assert!(matches!(refused, DecompressFault::TooLarge), "{encoding:?}");
        }
    }

    #[test]
    fn what_no_encoder_made_is_malformed() {
        for encoding in Encoding::ALL {
            let mut cut = compressed(encoding, &[7; 1_000]);
            cut.truncate(cut.len() / 2);
            let mut twice = compressed(encoding, b"one");
            twice.extend_from_slice(&compressed(encoding, b""));
            for bytes in [&b"garbage"[..], &cut, &twice] {
                let refused = encoding.decompress(bytes, 10_000).unwrap_err();
                assert!(
                    matches!(refused, DecompressFault::Malformed(_)),
                    "{encoding:?}"
                );
            }
        }
    }

    #[test]
    fn the_first_choice_that_the_other_side_knows_is_taken() {
        let ours = Encodings::try_from(vec![Encoding::Zstd, Encoding::Gzip]).unwrap();
        assert_eq!(ours.first_of("identity, gzip,zstd"), Some(Encoding::Zstd));
        assert_eq!(ours.first_of("gzip"), Some(Encoding::Gzip));
        assert_eq!(ours.first_of("identity,deflate,gzipped"), None);
        assert_eq!(Encodings::NONE.first_of("gzip"), None);
        assert_eq!(Encodings::ALL.to_string(), "identity,gzip,zstd,deflate");
        assert!(Encodings::try_from(vec![Encoding::Gzip, Encoding::Gzip]).is_err());
    }
}
