//! Metadata as they are received.

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

/// What belongs to one connection, and is no metadata (RFC 9113, section 8.2.2; RFC 9110, section 8.6).
pub(crate) const OF_THE_CONNECTION: [HeaderName; 7] = [
    http::header::CONNECTION,
    http::header::CONTENT_LENGTH,
    http::header::HOST,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The metadata in these headers. Binary values that were put together with a comma on the way are several again (gRPC over HTTP/2,
/// "Custom-Metadata"): nobody could decode them.
pub(crate) fn received(mut headers: HeaderMap) -> MetadataMap {
    let joined: Vec<HeaderName> = headers.iter().filter_map(joined).cloned().collect();
    for name in joined {
        let http::header::Entry::Occupied(entry) = headers.entry(name.clone()) else {
            continue;
        };
        let (_, values) = entry.remove_entry_mult();
        let values: Vec<HeaderValue> = values.collect();
        for part in values.iter().flat_map(parts) {
            headers.append(name.clone(), part);
        }
    }
    MetadataMap::from_headers(headers)
}

fn joined<'a>((name, value): (&'a HeaderName, &HeaderValue)) -> Option<&'a HeaderName> {
    let is_joined = name.as_str().ends_with("-bin") && value.as_bytes().contains(&b',');
    is_joined.then_some(name)
}

fn parts(value: &HeaderValue) -> impl Iterator<Item = HeaderValue> {
    let parts = value.as_bytes().split(|byte| *byte == b',');
    parts.filter_map(|part| HeaderValue::from_bytes(part.trim_ascii()).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use http::HeaderMap;

    use super::received;

    #[test]
    fn binary_values_that_were_joined_are_several_again() {
        let mut headers = HeaderMap::new();
        headers.append("trace-bin", "AAE, AgM=,BA".parse().unwrap());
        headers.append("trace-bin", "BQ".parse().unwrap());
        headers.append("plain", "a, b".parse().unwrap());
        let metadata = received(headers);
        let all = metadata.get_all_bin("trace-bin").iter();
        let all: Vec<_> = all.map(|value| value.to_bytes().unwrap()).collect();
        assert_eq!(all, [&b"\x00\x01"[..], b"\x02\x03", b"\x04", b"\x05"]);
        assert_eq!(metadata.get("plain").unwrap(), "a, b");
    }
}
