//! From the files that the config names to TLS, and what can be wrong with them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{CertificateError, RootCertStore, version};

use crate::server::config::TlsConfig;
use crate::tls::{FileError, H2, TlsFault, certificates, private_key, provider, read};

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

    pub(super) fn read(&self) -> Result<Files, FileError> {
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
    pub(super) fn server(&self, files: &Files) -> Result<Arc<rustls::ServerConfig>, FileError> {
        let provider = provider();
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("every provider has cipher suites for both");
        let builder = match (&self.client_ca, &files.client_ca) {
            (Some(path), Some(pem)) => {
                let unusable = |error: &dyn ToString| {
                    FileError::new(CLIENT_CA, path, TlsFault::Unusable(error.to_string()))
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
        let key = private_key(KEY, &self.key, &files.key)?;
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| self.refused(error))?;
        config.alpn_protocols = vec![H2.to_owned()];
        Ok(Arc::new(config))
    }

    fn refused(&self, error: rustls::Error) -> FileError {
        match error {
            rustls::Error::InconsistentKeys(_) => {
                let certificate = self.certificate.clone();
                FileError::new(KEY, &self.key, TlsFault::Mismatch { certificate })
            }
            rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                let fault = "what is in its PEM is no certificate".to_owned();
                FileError::new(CERTIFICATE, &self.certificate, TlsFault::Unusable(fault))
            }
            rustls::Error::InvalidCertificate(error) => {
                let fault = TlsFault::Unusable(error.to_string());
                FileError::new(CERTIFICATE, &self.certificate, fault)
            }
            rustls::Error::General(error) => {
                FileError::new(KEY, &self.key, TlsFault::Unusable(error))
            }
            error => FileError::new(KEY, &self.key, TlsFault::Unusable(error.to_string())),
        }
    }
}
