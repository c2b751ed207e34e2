//! A message that stays in the bytes that it is sent in.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{
    DecodeContext, WireType, decode_varint, encode_key, encode_varint, encoded_len_varint,
};
use prost::{DecodeError, Message};

/// A message in its encoded form. It is a message itself, of any type: it encodes to these bytes, and decodes from any.
///
/// ```
/// use nautil_grpc::EncodedMessage;
/// use nautil_grpc::prost::Message;
///
/// let message = EncodedMessage::of(&"hello".to_owned());
/// assert_eq!(&message.bytes()[..], b"\x0a\x05hello");
/// assert_eq!(message.encode_to_vec(), "hello".to_owned().encode_to_vec());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncodedMessage(Bytes);

impl EncodedMessage {
    /// The message of these bytes, whatever they are.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// A message of another type, encoded.
    pub fn of<M: Message>(message: &M) -> Self {
        let mut bytes = BytesMut::with_capacity(message.encoded_len());
        message.encode_raw(&mut bytes);
        Self(bytes.freeze())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Merging two messages is putting one behind the other: so the encoding of protobuf is made.
    fn append(&mut self, more: Bytes) {
        if self.0.is_empty() {
            self.0 = more;
            return;
        }
        let mut both = BytesMut::with_capacity(self.0.len() + more.len());
        both.extend_from_slice(&self.0);
        both.extend_from_slice(&more);
        self.0 = both.freeze();
    }
}

impl From<Bytes> for EncodedMessage {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Message for EncodedMessage {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.0);
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn merge(&mut self, mut buffer: impl Buf) -> Result<(), DecodeError> {
        let more = buffer.copy_to_bytes(buffer.remaining());
        self.append(more);
        Ok(())
    }

    /// One field, where this is a field of another message itself.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut field = BytesMut::new();
        encode_key(tag, wire_type, &mut field);
        let size = match wire_type {
            WireType::Varint => {
                encode_varint(decode_varint(buffer)?, &mut field);
                0
            }
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::LengthDelimited => {
                let size = decode_varint(buffer)?;
                field.reserve(encoded_len_varint(size));
                encode_varint(size, &mut field);
                usize::try_from(size).unwrap_or(usize::MAX)
            }
            // Groups have no length, and no schema of today has them.
            WireType::StartGroup | WireType::EndGroup => {
                return prost::encoding::skip_field(wire_type, tag, buffer, context);
            }
        };
        if buffer.remaining() < size {
            // What is too short is said in the words of whoever reads the field in full.
            return prost::encoding::skip_field(
                WireType::ThirtyTwoBit,
                tag,
                &mut &b""[..],
                context,
            );
        }
        field.put(buffer.take(size));
        self.append(field.freeze());
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use bytes::Bytes;
    use prost::Message;

    use super::EncodedMessage;

    #[test]
    fn a_message_keeps_its_bytes() {
        let bytes = Bytes::from_static(b"\x0a\x03one\xff\xff");
        let message = EncodedMessage::decode(bytes.clone()).unwrap();
        assert_eq!(message.bytes(), &bytes);
        assert_eq!(message.encode_to_vec(), bytes);
        assert_eq!(message.encoded_len(), 7);
    }

    #[test]
    fn the_bytes_of_a_frame_are_not_copied() {
        let bytes = Bytes::from(vec![0x0a, 2, b'h', b'i']);
        let message = EncodedMessage::decode(bytes.clone()).unwrap();
        assert_eq!(message.bytes().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn merging_is_what_decoding_both_would_be() {
        let mut message = EncodedMessage::of(&"first".to_owned());
        message
            .merge(&"second".to_owned().encode_to_vec()[..])
            .unwrap();
        assert_eq!(String::decode(message.into_bytes()).unwrap(), "second");
    }
}
