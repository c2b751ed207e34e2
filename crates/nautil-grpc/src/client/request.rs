//! The head of a request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::agent;
use crate::Method;
use crate::call::{OF_THE_CONNECTION, REQUEST_ID, format_timeout};
use crate::codec::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// What a caller cannot say in metadata, because the protocol says it.
const RESERVED: [HeaderName; 3] = [
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-message-type"),
    HeaderName::from_static("grpc-status"),
];

/// What a request tells the server beside the caller's metadata.
pub(super) struct Told {
    pub(super) timeout: Option<Duration>,
    pub(super) request_id: Option<HeaderValue>,
    /// Taken over from the call that is being served. What the caller says itself comes before it.
    pub(super) metadata: Option<Arc<HeaderMap>>,
    /// What the messages are compressed by, and what those of the response may be compressed by.
    pub(super) encodings: (Option<HeaderValue>, Option<HeaderValue>),
}

/// The head of a request of `method` to `origin`, which is a scheme and an authority.
///
/// # Errors
/// The path of the method is none of HTTP.
pub(super) fn head(
    origin: &Uri,
    method: &Method,
    metadata: MetadataMap,
    told: Told,
) -> Result<Parts, Status> {
    let Told {
        timeout,
        request_id,
        metadata: inherited,
        encodings,
    } = told;
    let mut headers = metadata.into_headers();
    // Most calls come without metadata, and each of these would be looked for.
    if !headers.is_empty() {
        let of_others = [GRPC_ENCODING, GRPC_ACCEPT_ENCODING];
        for name in RESERVED
            .into_iter()
            .chain(OF_THE_CONNECTION)
            .chain(of_others)
        {
            headers.remove(name);
        }
    }
    if let Some(inherited) = inherited {
        let missing: Vec<_> = inherited
            .keys()
            .filter(|name| !headers.contains_key(*name))
            .collect();
        for name in missing {
            for value in inherited.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }
    if let Some(timeout) = timeout {
        format_timeout(&mut headers, timeout);
    }
    if let Some(id) = request_id {
        // A caller who names another one means it.
        headers.entry(REQUEST_ID).or_insert(id);
    }
    let (sent, accepted) = encodings;
    for (name, encodings) in [(GRPC_ENCODING, sent), (GRPC_ACCEPT_ENCODING, accepted)] {
        if let Some(encodings) = encodings {
            headers.insert(name, encodings);
        }
    }
    headers.insert(TE, TRAILERS);
    headers.insert(CONTENT_TYPE, GRPC);
    agent::name(&mut headers);

    let path = method.path();
    let path = PathAndQuery::from_maybe_shared(Bytes::from_static(path.as_bytes()))
        .map_err(|_| Status::internal(format!("`{path}` is no path of a gRPC method")))?;
    let mut uri = origin.clone().into_parts();
    uri.path_and_query = Some(path);
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = http::Method::POST;
    parts.version = Version::HTTP_2;
    parts.uri = Uri::from_parts(uri).expect("a scheme, an authority and a path are a URI");
    parts.headers = headers;
    Ok(parts)
}
