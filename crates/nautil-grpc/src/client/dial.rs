//! From one address to one connection that is known to speak HTTP/2.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::greeting::{Greeted, Greeting};
use super::tls::Tls;

/// Finds a peer that went away without a word; below the five minutes after which many firewalls forget a connection.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// What a peer may send on one stream before it is read, in bytes.
const STREAM_WINDOW: u32 = 2 << 20;

/// What a peer may send on all streams before it is read, in bytes.
const CONNECTION_WINDOW: u32 = 5 << 20;

/// The headers of one response, in bytes.
const MAX_HEADER_LIST: u32 = 16 << 10;

/// What one request may wait with, in bytes, for a peer that does not read.
const MAX_SEND_BUFFER: usize = 1 << 20;

/// A connection's bytes.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<I: AsyncRead + AsyncWrite + Unpin + Send> Io for I {}

pub(super) type BoxIo = Box<dyn Io>;

/// Opens a connection that leads to the one place that there is.
pub(super) type Open =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<BoxIo>> + Send>> + Send + Sync>;

/// Where a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
    /// Whatever [`Dialer::open`] opens.
    Opened,
}

/// All that opening a connection takes, but for where to.
pub(super) struct Dialer {
    pub(super) tls: Option<Tls>,
    pub(super) connect_timeout: Duration,
    pub(super) open: Option<Open>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("the name `{name}` does not resolve")]
    Unresolved { name: String, source: io::Error },
    /// A peer that accepts no connection, and refuses none; or one that accepts it, and says nothing.
    #[error("no connection within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    #[error("no TLS handshake within {}", humantime::format_duration(*.0))]
    TlsTimedOut(Duration),
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no TLS handshake")]
    Tls(#[source] io::Error),
    #[error("what it answered is not HTTP/2")]
    NotHttp2,
    /// It ended before the server's first word.
    #[error("the connection ended before it began")]
    HungUp(#[source] Option<h2::Error>),
}

impl DialError {
    /// Whether the peer took the connection and let it fall, as a server does that stops at this moment. The one that
    /// takes its place may be there already.
    pub(super) fn is_hang_up(&self) -> bool {
        match self {
            Self::HungUp(_) => true,
            Self::Connect(error) | Self::Tls(error) => matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::UnexpectedEof
            ),
            Self::Unresolved { .. } | Self::TimedOut(_) | Self::TlsTimedOut(_) | Self::NotHttp2 => {
                false
            }
        }
    }
}

impl Dialer {
    /// Connects by `by`; the handshakes have `connect_timeout` after that. Needs a tokio runtime, which drives the
    /// connection from then on.
    pub(super) async fn dial(
        &self,
        place: &Place,
        by: Instant,
    ) -> Result<SendRequest<Bytes>, DialError> {
        let limit = self.connect_timeout;
        let io = match timeout_at(by, self.connect(place)).await {
            Ok(connected) => connected.map_err(DialError::Connect)?,
            Err(_) => return Err(DialError::TimedOut(limit)),
        };
        let by = Instant::now() + limit;
        let io: BoxIo = match &self.tls {
            None => io,
            Some(tls) => match timeout_at(by, tls.connect(io)).await {
                Ok(connected) => Box::new(connected.map_err(DialError::Tls)?),
                Err(_) => return Err(DialError::TlsTimedOut(limit)),
            },
        };
        match timeout_at(by, greet(io)).await {
            Ok(greeted) => greeted,
            Err(_) => Err(DialError::TimedOut(limit)),
        }
    }

    async fn connect(&self, place: &Place) -> io::Result<BoxIo> {
        Ok(match place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE);
                SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                Box::new(stream)
            }
            Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Place::Opened => match &self.open {
                Some(open) => open().await?,
                None => return Err(io::ErrorKind::NotConnected.into()),
            },
        })
    }
}

/// Begins HTTP/2, and waits until the server does.
async fn greet(io: BoxIo) -> Result<SendRequest<Bytes>, DialError> {
    let (teller, mut greeting) = oneshot::channel();
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_send_buffer_size(MAX_SEND_BUFFER)
        // h2 ends a connection on which many small frames wait for their reader. Servers send each message of a stream in a frame of
        // its own, so that a caller who is slow for a moment would fail all calls of the connection. The windows bound what waits.
        .data_frame_budget(usize::MAX)
        .handshake(Greeted::new(io, teller))
        .await
        .map_err(|error| DialError::HungUp(Some(error)))?;
    let (greeted, ended) = tokio::select! {
        biased;
        greeted = &mut greeting => (greeted.ok(), None),
        ended = &mut connection => (greeting.try_recv().ok(), Some(ended)),
    };
    match (greeted, ended) {
        (Some(Greeting::Http2), None) => {}
        (Some(Greeting::Other), _) => return Err(DialError::NotHttp2),
        (_, Some(ended)) => return Err(DialError::HungUp(ended.err())),
        (None, None) => return Err(DialError::HungUp(connection.await.err())),
    }
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
    Ok(sender)
}

impl fmt::Debug for Dialer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Dialer")
            .field("tls", &self.tls.is_some())
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
