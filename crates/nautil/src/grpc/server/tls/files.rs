//! From the files that the config names to TLS, and what can be wrong with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rustix::process::geteuid;
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{CertificateError, RootCertStore, version};

use super::H2;
use crate::grpc::server::config::TlsConfig;
use crate::grpc::server::error::Error;
use crate::permission;

const CERTIFICATE: &str = "server.tls.certificate";
const KEY: &str = "server.tls.key";
const CLIENT_CA: &str = "server.tls.client_ca";

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paths {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

/// What is in them.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// Why a file cannot be used for TLS. The text goes behind its name and key, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// Nothing goes by that name.
    #[error("there is no such file; correct the path, or put the file there")]
    Missing,
    /// The system does not let this process read it.
    #[error(
        "this process, which runs as user id {user}, may not read it; give it to that user (chown {user}), or make it readable \
         by a group of theirs (chmod g+r)"
    )]
    Denied {
        /// The effective user id of this process.
        user: u32,
    },
    /// The system does not let this process go where it is.
    #[error(
        "this process, which runs as user id {user}, may not enter the directory `{}`; let it (chmod a+x)",
        directory.display()
    )]
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

impl Paths {
    /// `None` where there is to be no TLS. A half of it is refused with the config.
    pub(super) fn of(config: &TlsConfig) -> Option<Self> {
        let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else {
            return None;
        };
        Some(Self {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: config.client_ca.clone(),
        })
    }

    pub(super) fn read(&self) -> Result<Files, Error> {
        Ok(Files {
            certificate: read(CERTIFICATE, &self.certificate)?,
            key: read(KEY, &self.key)?,
            client_ca: match &self.client_ca {
                Some(path) => Some(read(CLIENT_CA, path)?),
                None => None,
            },
        })
    }

    /// TLS 1.3 and 1.2, for HTTP/2 alone.
    pub(super) fn server(&self, files: &Files) -> Result<Arc<rustls::ServerConfig>, Error> {
        let provider = provider();
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("ring has cipher suites for both");
        let builder = match (&self.client_ca, &files.client_ca) {
            (Some(path), Some(pem)) => {
                let unusable = |error: &dyn ToString| {
                    of(CLIENT_CA, path, TlsFault::Unusable(error.to_string()))
                };
                let mut roots = RootCertStore::empty();
                for certificate in certificates(CLIENT_CA, path, pem)? {
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let chain = certificates(CERTIFICATE, &self.certificate, &files.certificate)?;
        let key = self.private_key(&files.key)?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| self.refused(error))?;
        config.alpn_protocols = vec![H2.to_owned()];
        Ok(Arc::new(config))
    }

    fn private_key(&self, pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
        PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
            let fault = match error {
                pem::Error::NoItemsFound if is_encrypted(pem) => TlsFault::EncryptedKey,
                pem::Error::NoItemsFound => TlsFault::NoKey,
                error => TlsFault::Pem(error.to_string()),
            };
            of(KEY, &self.key, fault)
        })
    }

    fn refused(&self, error: rustls::Error) -> Error {
        match error {
            rustls::Error::InconsistentKeys(_) => {
                let certificate = self.certificate.clone();
                of(KEY, &self.key, TlsFault::Mismatch { certificate })
            }
            rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                let fault = "what is in its PEM is no certificate".to_owned();
                of(CERTIFICATE, &self.certificate, TlsFault::Unusable(fault))
            }
            rustls::Error::InvalidCertificate(error) => {
                let fault = TlsFault::Unusable(error.to_string());
                of(CERTIFICATE, &self.certificate, fault)
            }
            rustls::Error::General(error) => of(KEY, &self.key, TlsFault::Unusable(error)),
            error => of(KEY, &self.key, TlsFault::Unusable(error.to_string())),
        }
    }
}

/// The certificate that a server of this config shows.
pub(super) fn own_certificate(path: &Path) -> Result<CertificateDer<'static>, Error> {
    let pem = read(CERTIFICATE, path)?;
    let mut chain = certificates(CERTIFICATE, path, &pem)?;
    // Its own comes first (RFC 8446, section 4.4.2).
    Ok(chain.swap_remove(0))
}

/// The cryptography: the one that the clients use too.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// At least one.
fn certificates(
    key: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(of(key, path, TlsFault::NoCertificate)),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(of(key, path, TlsFault::Pem(error.to_string()))),
    }
}

fn is_encrypted(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("ENCRYPTED")
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => TlsFault::Missing,
            io::ErrorKind::PermissionDenied => denied(path),
            io::ErrorKind::IsADirectory => TlsFault::Directory,
            _ => TlsFault::Unreadable(error.to_string()),
        };
        of(key, path, fault)
    })
}

/// No `chmod a+r` here, which is what other files are told: a private key is not for everybody.
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

fn of(key: &'static str, path: &Path, fault: TlsFault) -> Error {
    Error::Tls {
        key,
        path: path.to_owned(),
        fault,
    }
}
