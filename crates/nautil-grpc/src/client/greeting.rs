//! The first frame of a server, which says that somebody is there, and that it is HTTP/2.
//!
//! A connection that the kernel accepted may be one that no server will ever read: it waits in the queue of a process that
//! stops. What is sent on it is lost, and nobody can say whether it was read. So nothing is sent before the server's
//! SETTINGS, which have to be its first frame (RFC 9113, section 3.4).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

const FRAME_HEADER: usize = 9;
const TYPE: usize = 3;
const SETTINGS: u8 = 4;

/// What a server began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeting {
    Http2,
    Other,
}

/// A connection that tells how its peer begins. The teller is dropped with it.
pub(super) struct Greeted<I> {
    io: I,
    listening: Option<Listening>,
}

struct Listening {
    header: [u8; FRAME_HEADER],
    read: usize,
    teller: oneshot::Sender<Greeting>,
}

impl<I> Greeted<I> {
    pub(super) fn new(io: I, teller: oneshot::Sender<Greeting>) -> Self {
        Self {
            io,
            listening: Some(Listening {
                header: [0; FRAME_HEADER],
                read: 0,
                teller,
            }),
        }
    }

    fn listen(&mut self, bytes: &[u8]) {
        let Some(listening) = &mut self.listening else {
            return;
        };
        for (place, byte) in listening.header[listening.read..].iter_mut().zip(bytes) {
            *place = *byte;
            listening.read += 1;
        }
        if let Some(greeting) = greeting(&listening.header[..listening.read])
            && let Some(listening) = self.listening.take()
        {
            // Whoever stopped waiting needs no telling.
            let _ = listening.teller.send(greeting);
        }
    }
}

/// What the first bytes are, once that is clear.
fn greeting(bytes: &[u8]) -> Option<Greeting> {
    if bytes.get(TYPE).is_some_and(|kind| *kind != SETTINGS) {
        return Some(Greeting::Other);
    }
    let stream = bytes.get(FRAME_HEADER - 4..FRAME_HEADER)?;
    if stream == [0; 4] {
        Some(Greeting::Http2)
    } else {
        Some(Greeting::Other)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Greeted<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        if self.listening.is_some() {
            self.listen(&buffer.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Greeted<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Greeting, greeting};

    #[test]
    fn settings_on_the_connection_are_the_greeting_of_http2() {
        let settings = b"\0\0\x06\x04\0\0\0\0\0";
        assert_eq!(greeting(settings), Some(Greeting::Http2));
        for short in 0..settings.len() {
            assert_eq!(greeting(&settings[..short]), None, "{short}");
        }
    }

    #[test]
    fn whatever_else_comes_first_is_something_else() {
        let tls_alert = &b"\x15\x03\x03\0\x02\x02\x46"[..];
        let on_a_stream = b"\0\0\x06\x04\0\0\0\0\x01";
        for bytes in [tls_alert, b"HTTP/1.1 400", on_a_stream] {
            assert_eq!(greeting(bytes), Some(Greeting::Other), "{bytes:?}");
        }
    }
}
