//! TLS under the connections: who is let through the handshake, and with which certificate.
//!
//! The files are read at the start (`files`) and again when they change (`reload`).

mod files;
mod reload;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use super::config::{ServerConfig, Timeouts};
use super::connection::{first_bytes, linger};
use super::prefixed::Prefixed;
use crate::tls::{FileError, H2};

pub(super) use self::reload::Reload;

/// The first byte of every TLS connection: a record with a handshake message (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// A socket of any kind: TLS, and what is served over it, is compiled once.
pub(super) trait AnySocket: AsyncRead + AsyncWrite + Send {}

impl<I: AsyncRead + AsyncWrite + Send> AnySocket for I {}

/// What the server shows to those who connect now.
#[derive(Debug, Clone)]
pub(super) struct Tls(watch::Receiver<Arc<rustls::ServerConfig>>);

impl Tls {
    /// TLS as the config has it, and what keeps it up to date.
    ///
    /// # Errors
    /// A file cannot be used.
    pub(super) fn new(config: &ServerConfig) -> Result<Option<(Self, Reload)>, FileError> {
        let Some(reload) = Reload::new(&config.tls)? else {
            return Ok(None);
        };
        Ok(Some((Self(reload.subscribe()), reload)))
    }

    /// Shakes hands. `None` is a connection that is over: whoever spoiled it is told by TLS itself where that has words for
    /// it, and the log at debug.
    pub(super) async fn accept<I>(
        &self,
        mut io: I,
        timeouts: &Timeouts,
    ) -> Option<TlsStream<Prefixed<Pin<Box<dyn AnySocket>>>>>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let bytes = first_bytes(&mut io, timeouts).await?.freeze();
        let handshake = async {
            if bytes.first() != Some(&HANDSHAKE) {
                debug!("a connection was closed: the peer does not speak TLS");
                if io.shutdown().await.is_ok() {
                    linger(&mut io).await;
                }
                return None;
            }
            self.shake_hands(bytes, io).await
        };
        match timeout(timeouts.handshake, handshake).await {
            Ok(stream) => stream,
            Err(_) => {
                debug!(
                    "a connection was closed: no TLS handshake in time (`server.timeouts.handshake`)"
                );
                None
            }
        }
    }

    async fn shake_hands<I>(
        &self,
        bytes: Bytes,
        io: I,
    ) -> Option<TlsStream<Prefixed<Pin<Box<dyn AnySocket>>>>>
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.0.borrow()));
        let io: Pin<Box<dyn AnySocket>> = Box::pin(io);
        let mut stream = match acceptor.accept(Prefixed::new(bytes, io)).await {
            Ok(stream) => stream,
            Err(error) => {
                debug!(%error, "a connection was closed: the TLS handshake failed");
                return None;
            }
        };
        if stream.get_ref().1.alpn_protocol() != Some(H2) {
            debug!("a connection was closed: the peer does not ask for `h2` (ALPN)");
            let _ = stream.shutdown().await;
            return None;
        }
        Some(stream)
    }
}
