//! From bytes to messages.

use bytes::{Buf, Bytes, BytesMut};
use prost::Message;

use super::PREFIX;
use super::encoding::{DecompressFault, Encoding};

/// Messages of up to this many bytes are decoded from a slice, which is a tenth cheaper. Larger ones are decoded from the frame, which
/// their fields of type `Bytes` then share and do not copy.
const COPIED: usize = 4 << 10;

/// Takes bytes as they come, and gives the messages in them.
///
/// The bytes of a frame stay where they are. Only a message that comes in several is copied, into a buffer that grows with what
/// has arrived, and not with what was announced.
#[derive(Debug)]
pub(crate) struct Decoder {
    limit: usize,
    /// What a message is compressed by that says it is compressed.
    encoding: Option<Encoding>,
    /// The bytes that were not looked at yet, where they are all of one frame.
    frame: Bytes,
    /// Those of a message that came in several; `frame` is empty then.
    gathered: BytesMut,
}

/// Why the next message cannot be had.
#[derive(Debug)]
pub(crate) enum DecodeFault {
    /// It has more bytes than are allowed. Of a compressed one, `size` is what is known: there may be more.
    TooLarge { size: usize },
    /// It is compressed, and nobody said how.
    Compressed,
    /// It is not what its encoding makes.
    Undecodable(Encoding, std::io::Error),
    /// The byte before its length is neither 0 nor 1.
    Flag(u8),
    /// It is not the message that was expected.
    Malformed(prost::DecodeError),
}

impl Decoder {
    /// `limit` is for one message, in bytes, as it is sent and as it is without compression.
    pub(crate) fn new(limit: usize, encoding: Option<Encoding>) -> Self {
        Self {
            limit,
            encoding,
            frame: Bytes::new(),
            gathered: BytesMut::new(),
        }
    }

    /// Takes the next bytes. To be called where [`next`](Self::next) has no message.
    pub(crate) fn push(&mut self, data: Bytes) {
        if self.is_empty() {
            self.frame = data;
            return;
        }
        if self.gathered.is_empty() {
            self.gathered.reserve(self.frame.len() + data.len());
            self.gathered.extend_from_slice(&self.frame);
            self.frame = Bytes::new();
        }
        self.gathered.extend_from_slice(&data);
    }

    /// The next message; nothing as long as more bytes are needed for it.
    ///
    /// # Errors
    /// What is wrong with it. The bytes behind it mean nothing then.
    pub(crate) fn next<M: Message + Default>(&mut self) -> Result<Option<M>, DecodeFault> {
        let Some((size, encoding)) = self.size()? else {
            return Ok(None);
        };
        if !self.gathered.is_empty() {
            self.frame = self.gathered.split().freeze();
        }
        let message = if let Some(encoding) = encoding {
            let message = self.decompress(size, encoding)?;
            M::decode(&message[..])
        } else if size <= COPIED {
            let message = M::decode(&self.frame[PREFIX..PREFIX + size]);
            self.frame.advance(PREFIX + size);
            message
        } else {
            self.frame.advance(PREFIX);
            M::decode((&mut self.frame).take(size))
        };
        message.map(Some).map_err(DecodeFault::Malformed)
    }

    fn decompress(&mut self, size: usize, encoding: Encoding) -> Result<Vec<u8>, DecodeFault> {
        let message = encoding.decompress(&self.frame[PREFIX..PREFIX + size], self.limit);
        self.frame.advance(PREFIX + size);
        message.map_err(|fault| match fault {
            DecompressFault::TooLarge => DecodeFault::TooLarge {
                size: self.limit.saturating_add(1),
            },
            DecompressFault::Malformed(error) => DecodeFault::Undecodable(encoding, error),
        })
    }

    /// Whether every byte belongs to a message that was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.frame.is_empty() && self.gathered.is_empty()
    }

    /// The size of the next message, once all of it is there, and what it is compressed by.
    fn size(&self) -> Result<Option<(usize, Option<Encoding>)>, DecodeFault> {
        let bytes = if self.gathered.is_empty() {
            &self.frame[..]
        } else {
            &self.gathered[..]
        };
        let Some((&[flag, a, b, c, d], rest)) = bytes.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let encoding = match flag {
            0 => None,
            1 => Some(self.encoding.ok_or(DecodeFault::Compressed)?),
            flag => return Err(DecodeFault::Flag(flag)),
        };
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        if size > self.limit {
            return Err(DecodeFault::TooLarge { size });
        }
        Ok((rest.len() >= size).then_some((size, encoding)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use bytes::Bytes;

    use super::{DecodeFault, Decoder};

    /// `string value = 1`, twice: "one", "two".
    const BOTH: &[u8] = b"\0\0\0\0\x05\x0a\x03one\0\0\0\0\x05\x0a\x03two";

    #[test]
    fn messages_are_the_same_wherever_the_bytes_are_parted() {
        for first in 0..=BOTH.len() {
            for second in first..=BOTH.len() {
                let mut decoder = Decoder::new(5, None);
                let mut messages = Vec::new();
                for part in [&BOTH[..first], &BOTH[first..second], &BOTH[second..]] {
                    decoder.push(Bytes::copy_from_slice(part));
                    while let Some(message) = decoder.next::<String>().unwrap() {
                        messages.push(message);
                    }
                }
                assert_eq!(messages, ["one", "two"], "{first}, {second}");
                assert!(decoder.is_empty());
            }
        }
    }

    #[test]
    fn a_message_that_is_not_whole_is_waited_for() {
        let mut decoder = Decoder::new(5, None);
        decoder.push(Bytes::from_static(&BOTH[..9]));
        assert_eq!(decoder.next::<String>().unwrap(), None);
        assert!(!decoder.is_empty());
    }

    #[test]
    fn a_message_in_two_parts_takes_no_more_memory_than_has_arrived() {
        let mut decoder = Decoder::new(1 << 20, None);
        let first = b"\0\0\x10\0\0\x0a\xfd\xff\x3f0123456789";
        decoder.push(Bytes::from_static(first));
        assert_eq!(decoder.next::<String>().unwrap(), None);
        decoder.push(Bytes::from_static(first));
        assert!(decoder.gathered.capacity() < 4 * first.len());
    }

    #[test]
    fn the_size_is_refused_before_the_message_is_there() {
        let mut decoder = Decoder::new(4, None);
        decoder.push(Bytes::from_static(&BOTH[..5]));
        let refused = decoder.next::<String>().unwrap_err();
        assert!(matches!(refused, DecodeFault::TooLarge { size: 5 }));
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        let fault = |bytes: &'static [u8]| {
            let mut decoder = Decoder::new(100, None);
            decoder.push(Bytes::from_static(bytes));
            decoder.next::<String>().unwrap_err()
        };
        assert!(matches!(
            fault(b"\x01\0\0\0\x01\0"),
            DecodeFault::Compressed
        ));
        assert!(matches!(fault(b"\x02\0\0\0\x01\0"), DecodeFault::Flag(2)));
        let cut = fault(b"\0\0\0\0\x02\x0a\x05");
        assert!(matches!(cut, DecodeFault::Malformed(_)), "{cut:?}");
    }
}
