//! What both programs share: how they talk with the runner of the suite, and how metadata is told.

use std::io::{self, Read, Write};

use nautil_grpc::http::HeaderName;
use nautil_grpc::metadata::MetadataMap;
use nautil_grpc::prost::{Message, Name};
use nautil_grpc::prost_types::Any;

#[path = "../generated/mod.rs"]
pub mod generated;

pub use generated::connectrpc::conformance::v1 as service;
pub use generated::connectrpc::conformance::v1 as dto;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The next message of the runner; nothing where it has said all.
pub fn read<M: Message + Default>() -> Result<Option<M>, BoxError> {
    let mut input = io::stdin().lock();
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    input.read_exact(&mut bytes)?;
    Ok(Some(M::decode(&bytes[..])?))
}

/// Answers the runner.
pub fn write<M: Message>(message: &M) -> Result<(), BoxError> {
    let bytes = message.encode_to_vec();
    let mut output = io::stdout().lock();
    output.write_all(&u32::try_from(bytes.len())?.to_be_bytes())?;
    output.write_all(&bytes)?;
    output.flush()?;
    Ok(())
}

/// Metadata as the suite writes them. Binary ones are in Base64, as on the wire.
pub fn told(metadata: &MetadataMap) -> Vec<dto::Header> {
    let mut headers: Vec<dto::Header> = Vec::new();
    for (name, value) in metadata.as_ref() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match headers
            .iter_mut()
            .find(|header| header.name == name.as_str())
        {
            Some(header) => header.value.push(value),
            None => headers.push(dto::Header {
                name: name.to_string(),
                value: vec![value],
            }),
        }
    }
    headers
}

/// Puts what the suite writes into metadata.
pub fn add(headers: &[dto::Header], metadata: &mut MetadataMap) -> Result<(), BoxError> {
    let mut all = std::mem::take(metadata).into_headers();
    for header in headers {
        // Binary values are in Base64 already, as on the wire.
        let name: HeaderName = header.name.parse()?;
        for value in &header.value {
            all.append(name.clone(), value.parse()?);
        }
    }
    *metadata = MetadataMap::from_headers(all);
    Ok(())
}

/// A message with its type beside it.
pub fn any<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}
