//! From messages to bytes.

use std::mem;

use bytes::{Bytes, BytesMut};
use prost::Message;

use super::encoding::Encoding;
use super::{Half, PREFIX};

/// Messages that are ready together are put together up to about this many bytes.
const FULL: usize = 32 << 10;

/// The smallest buffer for messages of a stream: small ones that come one at a time do not take more than they need.
const LEAST: usize = 64;

/// A message of more bytes than are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {half} has a message of {size} bytes; the limit is {limit}")]
pub(crate) struct TooLarge {
    pub(crate) half: Half,
    pub(crate) size: usize,
    pub(crate) limit: usize,
}

/// How messages are compressed on their way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compressor {
    pub(crate) encoding: Encoding,
    /// The smallest message that is compressed, in bytes: what is smaller would not become so by much.
    pub(crate) least: usize,
}

/// One message with its length before it, in a buffer of just that size.
///
/// # Errors
/// It is larger than `limit`, or than gRPC can say.
pub(crate) fn encode<M: Message>(
    message: &M,
    half: Half,
    limit: usize,
    compressor: Option<Compressor>,
) -> Result<Bytes, TooLarge> {
    let size = message.encoded_len();
    let length = check(half, size, limit)?;
    let mut bytes = BytesMut::with_capacity(PREFIX + size);
    match compressor {
        Some(compressor) if size >= compressor.least => {
            put_compressed(&mut bytes, message, size, compressor.encoding);
        }
        _ => put(&mut bytes, message, length),
    }
    Ok(bytes.freeze())
}

/// Messages of a stream, put together until they are sent.
#[derive(Debug)]
pub(crate) struct Batch {
    half: Half,
    limit: usize,
    compressor: Option<Compressor>,
    bytes: BytesMut,
    /// How large the last one became: the next is likely to be so too.
    last: usize,
}

impl Batch {
    pub(crate) fn new(half: Half, limit: usize, compressor: Option<Compressor>) -> Self {
        Self {
            half,
            limit,
            compressor,
            bytes: BytesMut::new(),
            last: 0,
        }
    }

    /// Adds a message.
    ///
    /// # Errors
    /// Those of [`encode`].
    pub(crate) fn push<M: Message>(&mut self, message: &M) -> Result<(), TooLarge> {
        let size = message.encoded_len();
        let length = check(self.half, size, self.limit)?;
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(self.last.max(PREFIX + size));
        } else {
            self.bytes.reserve(PREFIX + size);
        }
        match self.compressor {
            Some(compressor) if size >= compressor.least => {
                put_compressed(&mut self.bytes, message, size, compressor.encoding);
            }
            _ => put(&mut self.bytes, message, length),
        }
        Ok(())
    }

    /// Whether it should be sent before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// What was added since the last time; nothing where that is nothing.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        if self.bytes.is_empty() {
            return None;
        }
        // The buffer goes with its bytes: a stream that waits for its next message holds none.
        let bytes = mem::take(&mut self.bytes);
        self.last = bytes.len().clamp(LEAST, FULL);
        Some(bytes.freeze())
    }
}

/// `length` is the size of the message, which is so computed once: that is why this is not `Message::encode`.
fn put<M: Message>(bytes: &mut BytesMut, message: &M, length: u32) {
    let [a, b, c, d] = length.to_be_bytes();
    bytes.extend_from_slice(&[0, a, b, c, d]);
    message.encode_raw(bytes);
}

/// The message as its encoding makes it, or as it is where that would be larger. `size` is that of the message.
fn put_compressed<M: Message>(bytes: &mut BytesMut, message: &M, size: usize, encoding: Encoding) {
    let mut whole = BytesMut::with_capacity(size);
    message.encode_raw(&mut whole);
    let start = bytes.len();
    bytes.extend_from_slice(&[0; PREFIX]);
    encoding.compress(&whole, bytes);
    let mut flag = 1;
    if bytes.len() - start - PREFIX >= size {
        bytes.truncate(start + PREFIX);
        bytes.extend_from_slice(&whole);
        flag = 0;
    }
    let length = bytes.len() - start - PREFIX;
    let length = u32::try_from(length).expect("the message was checked, and is not larger now");
    bytes[start] = flag;
    bytes[start + 1..start + PREFIX].copy_from_slice(&length.to_be_bytes());
}

fn check(half: Half, size: usize, limit: usize) -> Result<u32, TooLarge> {
    match u32::try_from(size) {
        Ok(length) if size <= limit => Ok(length),
        _ => Err(TooLarge {
            half,
            size,
            limit: limit.min(u32::MAX as usize),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::{Batch, FULL, Half, LEAST, TooLarge, encode};

    /// Ten bytes as a message: a `string value = 1` of eight letters.
    fn ten() -> String {
        "12345678".to_owned()
    }

    #[test]
    fn a_message_has_its_length_before_it() {
        let bytes = encode(&ten(), Half::Request, 10, None).unwrap();
        assert_eq!(&bytes[..], b"\0\0\0\0\x0a\x0a\x0812345678");
        assert_eq!(
            encode(&String::new(), Half::Request, 0, None)
                .unwrap()
                .len(),
            5
        );
    }

    #[test]
    fn a_message_above_the_limit_is_refused_with_both_figures() {
        let refused = encode(&ten(), Half::Response, 9, None).unwrap_err();
        let expected = TooLarge {
            half: Half::Response,
            size: 10,
            limit: 9,
        };
        assert_eq!(refused, expected);
        assert_eq!(
            refused.to_string(),
            "the response has a message of 10 bytes; the limit is 9"
        );
        let mut batch = Batch::new(Half::Response, 9, None);
        assert_eq!(batch.push(&ten()), Err(expected));
        assert_eq!(batch.take(), None);
    }

    #[test]
    fn messages_leave_together_until_there_are_enough() {
        let mut batch = Batch::new(Half::Request, 10, None);
        let mut count = 0;
        while !batch.is_full() {
            batch.push(&ten()).unwrap();
            count += 1;
            assert!(count <= FULL, "it is never full");
        }
        assert_eq!(count, FULL.div_ceil(15));
        assert_eq!(batch.take().unwrap().len(), count * 15);
        assert!(!batch.is_full());
        assert_eq!(batch.take(), None);
        batch.push(&ten()).unwrap();
        assert_eq!(batch.take().unwrap().len(), 15);
    }

    #[test]
    fn a_batch_takes_the_memory_that_its_messages_take() {
        let mut batch = Batch::new(Half::Request, 10, None);
        batch.push(&ten()).unwrap();
        assert!(batch.bytes.capacity() < 2 * 15);
        batch.push(&ten()).unwrap();
        assert!(batch.bytes.capacity() < 3 * 15);
    }

    #[test]
    fn a_batch_begins_as_large_as_the_one_before_it_became() {
        let mut batch = Batch::new(Half::Request, 10, None);
        for _ in 0..10 {
            batch.push(&ten()).unwrap();
        }
        batch.take().unwrap();
        batch.push(&ten()).unwrap();
        let begun = batch.bytes.capacity();
        assert!((150..300).contains(&begun), "{begun}");

        // What was small says little of what comes.
        batch.take().unwrap();
        batch.push(&String::new()).unwrap();
        assert!(batch.bytes.capacity() >= LEAST);
    }
}
