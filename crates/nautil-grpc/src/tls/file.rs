//! A PEM file that a configuration names for TLS, and what can be wrong with it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::process::geteuid;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::permission;

/// A file for TLS cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use `{}` (`{key}`): {fault}", path.display())]
pub struct FileError {
    /// The key that names the file: `server.tls.key`.
    pub key: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub fault: TlsFault,
}

/// Why a file cannot be used for TLS. The text goes behind its name and key, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// Nothing goes by that name.
    #[error("there is no such file; correct the path, or put the file there")]
    Missing,
    /// The system does not let this process read it.
    #[error("{}", permission::may_not_read(*user))]
    Denied {
        /// The effective user id of this process.
        user: u32,
    },
    /// The system does not let this process go where it is.
    #[error("{}", permission::may_not_enter(*user, directory))]
    Closed {
        /// The directory.
        directory: PathBuf,
        /// The effective user id of this process.
        user: u32,
    },
    /// A directory.
    #[error("it is a directory; name the file in it")]
    Directory,
    /// Anything else that reading can meet.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Not PEM, or PEM of something else.
    #[error("it holds no certificate in PEM; expected `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// Not PEM, or PEM of something else.
    #[error("it holds no private key in PEM; expected `-----BEGIN PRIVATE KEY-----`")]
    NoKey,
    /// A key with a passphrase.
    #[error(
        "its key is encrypted, and nobody is there to type the passphrase; store it without one (openssl pkey)"
    )]
    EncryptedKey,
    /// PEM that breaks off, or that is not Base64 inside.
    #[error("its PEM is broken: {0}; copy it whole")]
    Pem(String),
    /// Not what the PEM says it is, or of a kind that is not supported.
    #[error("{0}; issue it anew")]
    Unusable(String),
    /// The key of another certificate.
    #[error("it is not the key of the certificate in `{}`; take both from one issue", certificate.display())]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
    },
}

impl FileError {
    pub(crate) fn new(key: &'static str, path: &Path, fault: TlsFault) -> Self {
        Self {
            key,
            path: path.to_owned(),
            fault,
        }
    }
}

/// The certificates in a file: at least one.
pub(crate) fn certificates(
    key: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(FileError::new(key, path, TlsFault::NoCertificate))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(FileError::new(key, path, TlsFault::Pem(error.to_string()))),
    }
}

/// The private key in a file.
pub(crate) fn private_key(
    key: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<PrivateKeyDer<'static>, FileError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        let fault = match error {
            pem::Error::NoItemsFound if is_encrypted(pem) => TlsFault::EncryptedKey,
            pem::Error::NoItemsFound => TlsFault::NoKey,
            error => TlsFault::Pem(error.to_string()),
        };
        FileError::new(key, path, fault)
    })
}

fn is_encrypted(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("ENCRYPTED")
}

/// What is in a file.
pub(crate) fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => TlsFault::Missing,
            io::ErrorKind::PermissionDenied => denied(path),
            io::ErrorKind::IsADirectory => TlsFault::Directory,
            _ => TlsFault::Unreadable(error.to_string()),
        };
        FileError::new(key, path, fault)
    })
}

/// The file itself is closed to this process, or a directory on the way to it.
fn denied(path: &Path) -> TlsFault {
    let user = geteuid().as_raw();
    match permission::closed_directory(path) {
        Some(directory) => TlsFault::Closed {
            directory: directory.to_owned(),
            user,
        },
        None => TlsFault::Denied { user },
    }
}
