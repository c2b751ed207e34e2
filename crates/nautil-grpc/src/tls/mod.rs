//! What both sides of TLS have in common: the protocol inside, the cryptography, the files.

mod file;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

pub use self::file::{FileError, TlsFault};
pub(crate) use self::file::{certificates, private_key, read};

/// The protocol that gRPC runs over (RFC 9113, section 3.2).
pub(crate) const H2: &[u8] = b"h2";

/// The cryptography: what the process has chosen, or else `ring`.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    match CryptoProvider::get_default() {
        Some(provider) => Arc::clone(provider),
        None => Arc::new(ring::default_provider()),
    }
}
