//! Who a proxy says that it speaks for.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use super::network::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that these headers name for a caller behind proxies, of which `trusted` are to be believed.
///
/// Each proxy adds the address that it was called from at the end. So the caller is the last one that is no trusted proxy: what
/// stands before it is only what the caller itself says. An entry that is no address ends the search, for nobody can say who wrote
/// what stands before it.
pub(super) fn caller(headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let mut caller = None;
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        for entry in value.to_str().ok()?.rsplit(',') {
            let Some(address) = address(entry.trim()).map(|address| address.to_canonical()) else {
                return caller;
            };
            caller = Some(address);
            if !trusted.iter().any(|network| network.contains(address)) {
                return caller;
            }
        }
    }
    caller
}

/// The address in an entry: alone, with a port, or in brackets.
fn address(entry: &str) -> Option<IpAddr> {
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = entry.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use http::HeaderMap;

    use super::{FORWARDED_FOR, caller};

    #[test]
    fn the_caller_is_the_last_that_is_no_trusted_proxy() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::1".parse().unwrap()];
        let caller = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            caller(&headers, &trusted).map(|address| address.to_string())
        };
        let is = |values: &[&str], expected: &str| {
            assert_eq!(caller(values).as_deref(), Some(expected), "{values:?}");
        };
        is(&["192.0.2.1"], "192.0.2.1");
        is(&["192.0.2.1, 10.1.2.3"], "192.0.2.1");
        is(
            &["198.51.100.7, 192.0.2.1, 10.1.2.3, 10.0.0.1"],
            "192.0.2.1",
        );
        is(&["192.0.2.1", "10.1.2.3"], "192.0.2.1");
        is(&["192.0.2.1:4711"], "192.0.2.1");
        is(&["[2001:db8::1]:4711 , fd00::1"], "2001:db8::1");
        is(&["[2001:db8::1]"], "2001:db8::1");
        is(&["::ffff:192.0.2.1, ::ffff:10.0.0.1"], "192.0.2.1");
        // All are proxies: the first of them called.
        is(&["10.1.2.3, 10.0.0.1"], "10.1.2.3");
        // What stands before an entry that is none says nothing.
        is(&["192.0.2.1, unknown, 10.0.0.1"], "10.0.0.1");
        assert_eq!(caller(&["unknown"]), None);
        assert_eq!(caller(&[""]), None);
        assert_eq!(caller(&[]), None);
    }
}
