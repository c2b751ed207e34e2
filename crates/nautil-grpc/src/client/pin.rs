//! The way of a probe to a server with TLS: it trusts the one certificate that the config names, whatever name that is for.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};

use crate::tls::{FileError, H2, certificates, provider, read};

/// The key of the file, where it cannot be used.
const CERTIFICATE: &str = "server.tls.certificate";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum PinFault {
    /// The certificate to trust cannot be had.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is a server with TLS, but not with that certificate.
    #[error("it shows another certificate")]
    AnotherCertificate,
    /// No connection, or no handshake.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Trusts one certificate. The handshake's signature proves that the peer has its key.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// Connects to the server that shows the certificate in this file.
///
/// # Errors
/// See [`PinFault`].
pub async fn connect_pinned(
    host: &str,
    port: u16,
    certificate: &Path,
) -> Result<TlsStream<TcpStream>, PinFault> {
    let provider = provider();
    let pinned = Arc::new(Pinned {
        certificate: own_certificate(certificate)?,
        algorithms: provider.signature_verification_algorithms,
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("every provider has cipher suites for the versions that it supports")
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_no_client_auth();
    config.alpn_protocols = vec![H2.to_owned()];
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;

    let socket = TcpStream::connect((host, port)).await?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, socket).await.map_err(|error| {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(TlsError::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            )) => PinFault::AnotherCertificate,
            _ => PinFault::Io(error),
        }
    })
}

/// The certificate that a server with this file shows.
fn own_certificate(path: &Path) -> Result<CertificateDer<'static>, FileError> {
    let pem = read(CERTIFICATE, path)?;
    let mut chain = certificates(CERTIFICATE, path, &pem)?;
    // Its own comes first (RFC 8446, section 4.4.2).
    Ok(chain.swap_remove(0))
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if *end_entity == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
