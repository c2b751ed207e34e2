//! What a peer's first bytes are: the HTTP/2 preface, an HTTP/1 request, or neither.

/// What every HTTP/2 client sends first (RFC 9113, section 3.4).
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The starts of an HTTP/1 request (RFC 9110, section 9).
const HTTP1: [&[u8]; 9] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
];

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preface {
    /// Too early to say.
    Incomplete,
    Http2,
    Http1,
    Unknown,
}

impl Preface {
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(HTTP2) {
            return Self::Http2;
        }
        if HTTP1.iter().any(|method| bytes.starts_with(method)) {
            return Self::Http1;
        }
        let may_become = |start: &[u8]| start.starts_with(bytes);
        if may_become(HTTP2) || HTTP1.into_iter().any(may_become) {
            return Self::Incomplete;
        }
        Self::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::Preface;

    #[test]
    fn a_preface_is_told_from_its_first_bytes() {
        for (bytes, expected) in [
            (&b""[..], Preface::Incomplete),
            (b"P", Preface::Incomplete),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Preface::Incomplete),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Preface::Http2),
            (b"PRI * HTTP/2.1", Preface::Unknown),
            (b"POST /", Preface::Http1),
            (b"GET", Preface::Incomplete),
            (b"GETX", Preface::Unknown),
            (b"\x16\x03\x01", Preface::Unknown),
        ] {
            assert_eq!(Preface::of(bytes), expected, "{bytes:?}");
        }
    }
}
