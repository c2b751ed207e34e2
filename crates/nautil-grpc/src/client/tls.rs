//! TLS to a server: whom to trust, and that HTTP/2 is spoken inside.

use std::fs;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, RootCertStore};

use super::{ConnectError, Host, Target, TlsConfig};
use crate::tls::{H2, certificates, private_key, provider, read};

/// All that a TLS handshake takes.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Who the client is, for a server that asks.
struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads the files of `tls.certificate` and `tls.key`; nothing where they are not set.
    fn read(target: Target, config: &TlsConfig) -> Result<Option<Self>, ConnectError> {
        const CERTIFICATE: &str = "tls.certificate";
        const KEY: &str = "tls.key";

        let service = target.service;
        let half = |present, missing| ConnectError::HalfIdentity {
            service,
            present,
            missing,
        };
        let (certificate, key) = match (&config.certificate, &config.key) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(half("certificate", "key")),
            (None, Some(_)) => return Err(half("key", "certificate")),
            (Some(certificate), Some(key)) => (certificate, key),
        };
        let files = || {
            let pem = read(CERTIFICATE, certificate)?;
            let certificates = certificates(CERTIFICATE, certificate, &pem)?;
            let key = private_key(KEY, key, &read(KEY, key)?)?;
            Ok(Some(Self { certificates, key }))
        };
        files().map_err(|source| ConnectError::Identity { service, source })
    }
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error("the system has no root certificates: install them, or set `tls.ca`")]
    NoRoots,
    #[error("the file of `tls.ca` is no PEM file")]
    Pem(#[source] rustls::pki_types::pem::Error),
    #[error("no certificate in the file of `tls.ca` can be read")]
    NoneReadable,
    #[error("`{0}` is no name of a server")]
    Name(String),
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

impl Tls {
    /// Reads the CA file. `name` is the host's, which the certificate must carry where `tls.domain` is not set.
    pub(super) fn new(
        target: Target,
        host: &Host,
        name: &str,
        config: &TlsConfig,
    ) -> Result<Self, ConnectError> {
        let ca = match &config.ca {
            None => None,
            Some(path) => {
                let pem = fs::read(path).map_err(|source| ConnectError::ReadCa {
                    service: target.service,
                    path: path.clone(),
                    source,
                })?;
                // Nothing in it would be: trust nobody.
                if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                    return Err(ConnectError::NoCertificate {
                        service: target.service,
                        path: path.clone(),
                    });
                }
                Some(pem)
            }
        };
        let name = config.domain.as_deref().unwrap_or(name);
        let identity = Identity::read(target, config)?;
        Self::set_up(ca.as_deref(), identity, name).map_err(|error| ConnectError::Tls {
            variable: target.variable,
            host: host.clone(),
            source: error.into(),
        })
    }

    fn set_up(
        ca: Option<&[u8]>,
        identity: Option<Identity>,
        name: &str,
    ) -> Result<Self, SetupError> {
        let name =
            ServerName::try_from(name.to_owned()).map_err(|_| SetupError::Name(name.to_owned()))?;
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(ca)?);
        let mut config = match identity {
            Some(Identity { certificates, key }) => {
                builder.with_client_auth_cert(certificates, key)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.push(H2.to_vec());
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    pub(super) async fn connect<I>(&self, io: I) -> io::Result<TlsStream<I>>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.connector.connect(self.name.clone(), io).await?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(H2) {
            return Err(io::Error::other("HTTP/2 was not negotiated"));
        }
        Ok(stream)
    }
}

fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, SetupError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => {
            let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            roots.add_parsable_certificates(certificates.map_err(SetupError::Pem)?);
            if roots.is_empty() {
                return Err(SetupError::NoneReadable);
            }
        }
        None => {
            // Single ones that cannot be read are no reason to trust none.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(SetupError::NoRoots);
            }
        }
    }
    Ok(roots)
}
