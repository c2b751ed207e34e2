//! How long a call may take, as the header `grpc-timeout` has it: up to eight digits and a unit.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header's name.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The most that eight digits can count.
const MOST: u128 = 99_999_999;

/// The longest that the header states to the second: three years.
pub(crate) const LONGEST: Duration = Duration::from_secs(99_999_999);

/// A header that is no timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "malformed `grpc-timeout`: expected up to eight digits and one of the units H, M, S, m, u, n"
)]
pub(crate) struct TimeoutFault;

/// The timeout of a request; nothing where it states none.
///
/// # Errors
/// The header is there, and is no timeout. It is not to be taken for "no timeout": the caller waits no longer than it said.
pub(crate) fn parse_timeout(headers: &HeaderMap) -> Result<Option<Duration>, TimeoutFault> {
    let mut stated = headers.get_all(GRPC_TIMEOUT).iter();
    match (stated.next(), stated.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => parse(value.as_bytes()).map(Some).ok_or(TimeoutFault),
        // Which of them is meant?
        (Some(_), Some(_)) => Err(TimeoutFault),
    }
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let mut count = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        count = count * 10 + u64::from(digit - b'0');
    }
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Writes a timeout, in the finest unit that eight digits can count it in. What is lost is rounded down: a server is not to
/// work on when its caller has left.
pub(crate) fn format_timeout(headers: &mut HeaderMap, timeout: Duration) {
    let units = [
        ('n', timeout.as_nanos()),
        ('u', timeout.as_micros()),
        ('m', timeout.as_millis()),
        ('S', u128::from(timeout.as_secs())),
    ];
    let finest = units.into_iter().find(|(_, count)| *count <= MOST);
    let (unit, count) = finest.unwrap_or(('S', MOST));
    let text = format!("{count}{unit}");
    let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
        .expect("digits and a letter are a header value");
    headers.insert(GRPC_TIMEOUT, value);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::{LONGEST, TimeoutFault, format_timeout, parse_timeout};

    fn headers(text: &'static str) -> HeaderMap {
        [("grpc-timeout", text)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn each_unit_is_read() {
        let nanos = |text| parse_timeout(&headers(text)).unwrap().unwrap().as_nanos();
        assert_eq!(nanos("1n"), 1);
        assert_eq!(nanos("1u"), 1_000);
        assert_eq!(nanos("100m"), 100_000_000);
        assert_eq!(nanos("1S"), 1_000_000_000);
        assert_eq!(nanos("1M"), 60_000_000_000);
        assert_eq!(nanos("00000001H"), 3_600_000_000_000);
        assert_eq!(nanos("0n"), 0);
        assert_eq!(nanos("99999999H"), 99_999_999 * 3_600_000_000_000);
        assert_eq!(parse_timeout(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn what_is_no_timeout_is_refused_and_not_passed_over() {
        for text in [
            "",
            "1",
            "S",
            "-1S",
            "+1S",
            "1X",
            "1s",
            "1.5S",
            "123456789S",
            " 1S",
            "1S ",
            "0x1S",
            "1SS",
            "1S,1S",
        ] {
            assert_eq!(parse_timeout(&headers(text)), Err(TimeoutFault), "{text:?}");
        }
    }

    #[test]
    fn two_timeouts_are_none() {
        let mut twice = headers("10S");
        twice.append("grpc-timeout", "1n".parse().unwrap());
        assert_eq!(parse_timeout(&twice), Err(TimeoutFault));
    }

    #[test]
    fn what_is_written_is_read_back_and_never_longer() {
        for (timeout, expected) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(99_999_999), "99999999n"),
            (Duration::from_nanos(100_000_001), "100000u"),
            (Duration::from_secs(10), "10000000u"),
            (Duration::from_secs(3600), "3600000m"),
            (Duration::from_millis(100_000_000_001), "99999999S"),
            (LONGEST, "99999999S"),
            (Duration::MAX, "99999999S"),
        ] {
            let mut headers = HeaderMap::new();
            format_timeout(&mut headers, timeout);
            let written = headers["grpc-timeout"].to_str().unwrap();
            assert_eq!(written, expected);
            assert!(parse_timeout(&headers).unwrap().unwrap() <= timeout);
        }
    }
}
