//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tracing::debug;

use super::config::{ServerConfig, Timeouts};
use super::headers;
use super::preface::Preface;
use super::prefixed::Prefixed;
use super::request_body::RequestBody;
use super::routes::Routes;
use crate::call::Peer;

/// Room for the preface and what a client sends along with it; only until HTTP/2 has read it.
const FIRST_READ: usize = 1024;

/// What one response may wait with, in bytes, for a peer that does not read.
const MAX_SEND_BUFFER: usize = 64 << 10;

/// What is read of an HTTP/1 request after the reply, in bytes.
const MAX_LINGER: usize = 64 << 10;

const HTTP1_REPLY: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain\r\n\
    content-length: 39\r\n\
    connection: close\r\n\
    \r\n\
    this port speaks gRPC over HTTP/2 only\n";

/// How long after the start of a drain a connection may still say its first words. Its peer has no way to know that nobody
/// listens any more, and has sent them with its first call.
const LATE: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    /// It was cut with this many calls in flight.
    Cut {
        calls: usize,
    },
}

/// What a peer speaks, and what was read to find out.
#[derive(Debug)]
pub(super) enum Opening {
    Http2(Bytes),
    Http1(Bytes),
}

/// Serves one connection that somebody else opened, such as one half of [`tokio::io::duplex`]: a server without a port.
///
/// Returns when the peer is gone, or, once `shutdown` is ready, when the calls in flight are finished. Faults of the peer
/// are logged at debug, and end the connection.
pub async fn serve_connection<I, F>(io: I, routes: Routes, config: &ServerConfig, shutdown: F)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = ()>,
{
    serve(io, routes, Arc::default(), config, shutdown, pending()).await;
}

/// Serves until the peer is gone; tells it to go when `shutdown` is ready, and leaves it when `cut` is.
pub(super) async fn serve<I, F, G>(
    mut io: I,
    routes: Routes,
    peer: Arc<Peer>,
    config: &ServerConfig,
    shutdown: F,
    cut: G,
) -> End
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = ()>,
    G: Future<Output = ()>,
{
    let mut shutdown = pin!(shutdown);
    let mut draining = false;
    let too_late = async {
        shutdown.as_mut().await;
        draining = true;
        sleep(LATE).await;
    };
    let opening = tokio::select! {
        biased;
        opening = open(&mut io, &config.timeouts) => opening,
        () = too_late => None,
    };
    match opening {
        None => End::Closed,
        Some(Opening::Http2(prefix)) => {
            let io = Prefixed::new(prefix, io);
            // One that came late is told to go at once, behind the calls that it came with.
            let shutdown = async move {
                if !draining {
                    shutdown.await;
                }
            };
            serve_http2(io, routes, peer, config, shutdown, cut).await
        }
        Some(Opening::Http1(_)) => {
            debug!("a connection was closed: the peer speaks HTTP/1");
            // Whoever does not read the reply is not waited for.
            let _ = timeout(config.timeouts.handshake, refuse_http1(&mut io)).await;
            End::Closed
        }
    }
}

/// The part of [`serve`] that comes after the opening.
pub(super) async fn serve_http2<I, F, G>(
    io: Prefixed<I>,
    routes: Routes,
    peer: Arc<Peer>,
    config: &ServerConfig,
    shutdown: F,
    cut: G,
) -> End
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = ()>,
    G: Future<Output = ()>,
{
    let mut shutdown = pin!(shutdown);
    let calls = CallExecutor::default();
    let live = Arc::downgrade(&calls.0);
    let io = TokioIo::new(io);
    let limit = config.limits.max_header_list_size;
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let response = match headers::refused(&request, limit) {
            None => routes.handle(
                request.map(|body| Body::new(RequestBody::new(body))),
                Arc::clone(&peer),
            ),
            Some(refused) => refused,
        };
        async { Ok::<_, Infallible>(response.await) }
    });
    let mut connection = pin!(http2(config, calls).serve_connection(io, service));

    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = shutdown.as_mut() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = connection => ended,
                () = cut => return End::Cut { calls: in_flight(&live) },
            }
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection ended early");
    }
    End::Closed
}

fn http2(config: &ServerConfig, calls: CallExecutor) -> http2::Builder<CallExecutor> {
    let limits = &config.limits;
    let keepalive = &config.timeouts.keepalive;
    let mut builder = http2::Builder::new(calls);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams.get())
        .max_pending_accept_reset_streams(limits.max_pending_reset_streams as usize)
        .max_local_error_reset_streams(limits.max_local_error_reset_streams as usize)
        .max_header_list_size(limits.max_header_list_size.saturating_add(headers::SLACK))
        .max_send_buf_size(MAX_SEND_BUFFER)
        // gRPC has no use for a date, and it costs a clock and a header per call.
        .auto_date_header(false)
        .keep_alive_timeout(keepalive.timeout);
    if !keepalive.interval.is_zero() {
        builder.keep_alive_interval(keepalive.interval);
    }
    builder
}

/// Reads until it is clear what the peer speaks. `None` is a connection that is over.
pub(super) async fn open<I>(io: &mut I, timeouts: &Timeouts) -> Option<Opening>
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = first_bytes(io, timeouts).await?;
    let rest = async {
        loop {
            match Preface::of(&bytes) {
                Preface::Http2 => return Some(Opening::Http2(bytes.freeze())),
                Preface::Http1 => return Some(Opening::Http1(bytes.freeze())),
                Preface::Unknown => {
                    // A GOAWAY may be left out (RFC 9113, section 3.4): who would read it?
                    debug!("a connection was closed: the peer does not speak HTTP");
                    return None;
                }
                Preface::Incomplete => match io.read_buf(&mut bytes).await {
                    Ok(1..) => {}
                    _ => return None,
                },
            }
        }
    };
    match timeout(timeouts.handshake, rest).await {
        Ok(opening) => opening,
        Err(_) => {
            debug!("a connection was closed: no preface in time (`server.timeouts.handshake`)");
            None
        }
    }
}

/// At least one byte. `None` is a connection that is over.
pub(super) async fn first_bytes<I: AsyncRead + Unpin>(
    io: &mut I,
    timeouts: &Timeouts,
) -> Option<BytesMut> {
    let mut bytes = BytesMut::with_capacity(FIRST_READ);
    match timeout(timeouts.first_byte, io.read_buf(&mut bytes)).await {
        Ok(Ok(1..)) => Some(bytes),
        Ok(_) => None,
        Err(_) => {
            debug!("a connection was closed: no first byte in time (`server.timeouts.first_byte`)");
            None
        }
    }
}

/// Says in HTTP/1 what this port speaks.
async fn refuse_http1<I: AsyncRead + AsyncWrite + Unpin>(io: &mut I) {
    if io.write_all(HTTP1_REPLY).await.is_err() || io.shutdown().await.is_err() {
        return;
    }
    linger(io).await;
}

/// Reads what is left of a connection that this side has ended: a socket that is closed with bytes unread is reset, and what
/// was said last may be lost with it.
pub(super) async fn linger<I: AsyncRead + Unpin>(io: &mut I) {
    let mut rest = io.take(MAX_LINGER as u64);
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
}

/// Runs the calls of one connection; hyper keeps a clone with each call, so the clones count the calls.
#[derive(Debug, Clone, Default)]
struct CallExecutor(Arc<()>);

impl<F> Executor<F> for CallExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, call: F) {
        tokio::spawn(call);
    }
}

/// The calls of a connection that is still there: all clones but the connection's own.
fn in_flight(calls: &Weak<()>) -> usize {
    calls.strong_count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::HTTP1_REPLY;

    #[test]
    fn the_reply_to_http1_is_as_long_as_it_says() {
        let text = String::from_utf8_lossy(HTTP1_REPLY);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        assert!(text.contains(&format!("content-length: {}\r\n", body.unwrap_or(0))));
    }
}
