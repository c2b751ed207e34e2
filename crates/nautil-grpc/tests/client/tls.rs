//! https, trusted and not.

use std::fs;
use std::net::SocketAddr;

use nautil_grpc::client::{ClientConfig, TlsConfig, describe};
use nautil_grpc::{Channel, Request, Status};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tonic::transport::{Identity, ServerTlsConfig};

use crate::addresses::Names;
use crate::server::{GET, TARGET, Text, config, serve, serve_tls, text};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, directory }
    }

    fn serving(&self, name: &str) -> ServerTlsConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        ServerTlsConfig::new().identity(Identity::from_pem(certificate.pem(), key.serialize_pem()))
    }

    fn client(&self, host: String, domain: Option<&str>) -> Channel {
        Channel::connect(TARGET, &self.config(host, domain)).unwrap()
    }

    fn config(&self, host: impl ToString, domain: Option<&str>) -> ClientConfig {
        ClientConfig {
            tls: TlsConfig {
                ca: Some(self.directory.path().join("ca.pem")),
                domain: domain.map(str::to_owned),
                ..TlsConfig::default()
            },
            ..config(host)
        }
    }
}

async fn call(channel: &Channel) -> Result<Text, Status> {
    let response = channel.unary(GET, Request::new(text("hello"))).await?;
    Ok(response.into_inner())
}

#[tokio::test]
async fn a_server_of_a_known_authority_is_trusted() {
    let authority = Authority::new("ours");
    let (address, _ends) = serve_tls(Some(authority.serving("127.0.0.1"))).await;
    let channel = authority.client(format!("https://{address}"), None);
    assert_eq!(call(&channel).await.unwrap(), text("hello"));
}

#[tokio::test]
async fn a_server_may_go_by_another_name() {
    let authority = Authority::new("ours");
    let (address, _ends) = serve_tls(Some(authority.serving("rates.internal"))).await;
    let host = format!("https://{address}");
    let channel = authority.client(host.clone(), Some("rates.internal"));
    assert_eq!(call(&channel).await.unwrap(), text("hello"));

    let line = describe(&call(&authority.client(host, None)).await.unwrap_err());
    let start = format!(
        "test.Rates at https://{address} (RATES_HOST) cannot be reached: UNAVAILABLE: invalid peer certificate: "
    );
    assert!(line.starts_with(&start), "{line}");
}

#[tokio::test]
async fn every_address_of_a_name_has_to_show_the_names_certificate() {
    let authority = Authority::new("ours");
    let (first, _ends) = serve_tls(Some(authority.serving("replicas"))).await;
    let (second, _ends) = serve_tls(Some(authority.serving("replicas"))).await;
    let (other, _ends) = serve_tls(Some(authority.serving("somebody.else"))).await;
    let channel = |addresses: &[SocketAddr]| {
        let names = Names::of(addresses.iter().copied());
        Channel::connect_by(
            TARGET,
            &authority.config("https://replicas:9001", None),
            names,
        )
        .unwrap()
    };
    let both = channel(&[first, other, second]);
    for _ in 0..20 {
        assert_eq!(call(&both).await.unwrap(), text("hello"));
    }
    let line = describe(&call(&channel(&[other])).await.unwrap_err());
    assert!(
        line.contains("UNAVAILABLE: invalid peer certificate: "),
        "{line}"
    );
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let (address, _ends) = serve_tls(Some(Authority::new("ours").serving("127.0.0.1"))).await;
    let channel = Authority::new("theirs").client(format!("https://{address}"), None);
    assert_eq!(
        describe(&call(&channel).await.unwrap_err()),
        format!(
            "test.Rates at https://{address} (RATES_HOST) cannot be reached: UNAVAILABLE: invalid peer certificate: UnknownIssuer; are `tls.ca` and `tls.domain` those of the server?"
        )
    );
}

#[tokio::test]
async fn a_server_without_tls_is_not_called_over_https() {
    let (address, _ends) = serve().await;
    let channel = Authority::new("ours").client(format!("https://{address}"), None);
    let line = describe(&call(&channel).await.unwrap_err());
    let start =
        format!("test.Rates at https://{address} (RATES_HOST) cannot be reached: UNAVAILABLE: ");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.ends_with("; does the server speak TLS?"), "{line}");
}

#[tokio::test]
async fn a_server_with_tls_is_no_server_in_the_clear() {
    let (address, _ends) = serve_tls(Some(Authority::new("ours").serving("127.0.0.1"))).await;
    let channel = Channel::connect(TARGET, &config(address)).unwrap();
    let line = describe(&call(&channel).await.unwrap_err());
    let start = format!("test.Rates at {address} (RATES_HOST) ");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.contains("UNAVAILABLE"), "{line}");
}
