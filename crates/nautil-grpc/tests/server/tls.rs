//! TLS: who is let through the handshake, and which files it can be made of.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nautil_grpc::server::{Mode, Server, ServerConfig};
use nautil_grpc::{Code, Request, RequestExt, Response, Status};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version,
};
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::answers::Answers;
use crate::echo::{Text, method};
use crate::fixture::{PREFACE, Running, config, in_time, own_client, serve, start, unary};

/// An authority, and a directory with what it issued.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "ours");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self {
            issuer,
            directory: tempfile::tempdir().unwrap(),
        };
        authority.write("ca.pem", authority.issuer.pem());
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A certificate for this machine, and its key, as PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// The config of a server with a certificate of this authority.
    fn server(&self, mode: Mode) -> ServerConfig {
        let (certificate, key) = self.issue();
        self.write("tls.crt", certificate);
        self.write("tls.key", key);
        let mut config = config();
        config.mode = mode;
        config.tls.certificate = Some(self.path("tls.crt"));
        config.tls.key = Some(self.path("tls.key"));
        config
    }

    /// The settings of a client that trusts this authority.
    fn trusting(&self) -> ClientTlsConfig {
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.issuer.pem()))
    }

    /// A client of the very protocol, and not of gRPC.
    fn raw(&self, versions: &[&'static SupportedProtocolVersion], alpn: &[&[u8]]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(self.issuer.pem().as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }

    /// What `Server::bind` says of a config that was spoilt.
    fn fault(&self, spoil: impl FnOnce(&mut ServerConfig)) -> String {
        let mut config = self.server(Mode::PerCore);
        spoil(&mut config);
        Server::bind(&config).unwrap_err().to_string()
    }
}

async fn connect(running: &Running, tls: ClientTlsConfig) -> Result<Grpc<Channel>, String> {
    let endpoint = Endpoint::from_shared(format!("https://{}", running.address)).unwrap();
    let connecting = endpoint.tls_config(tls).unwrap();
    match in_time(connecting.connect()).await {
        Ok(channel) => Ok(Grpc::new(channel)),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("127.0.0.1").unwrap()
}

#[tokio::test]
async fn a_call_comes_over_tls() {
    for mode in [Mode::PerCore, Mode::Shared] {
        let authority = Authority::new();
        let running = start(&authority.server(mode));
        let mut client = connect(&running, authority.trusting()).await.unwrap();
        assert_eq!(unary(&mut client, "hello").await.unwrap(), "hello");
        // Larger than a record.
        let long = "x".repeat(1 << 20);
        assert_eq!(unary(&mut client, &long).await.unwrap(), long);
        drop(client);
        assert!(running.stop().await.is_clean());
    }
}

#[tokio::test]
async fn the_drain_finishes_a_call_over_tls() {
    let authority = Authority::new();
    let running = start(&authority.server(Mode::PerCore));
    let mut client = connect(&running, authority.trusting()).await.unwrap();
    let call = tokio::spawn(async move { unary(&mut client, "wait").await });
    in_time(running.echo.entered.notified()).await;
    // A peer that has not finished its handshake holds nobody up.
    let mut unfinished = running.socket().await;
    unfinished.write_all(b"\x16\x03\x01").await.unwrap();

    running.stop.cancel();
    // An end or a reset: what it had said was half a word.
    let end = in_time(unfinished.read(&mut [0])).await;
    assert!(!matches!(end, Ok(1..)), "{end:?}");
    running.echo.release.notify_one();
    assert_eq!(in_time(call).await.unwrap().unwrap(), "wait");
    assert!(running.stopped().await.is_clean());
}

#[tokio::test]
async fn both_versions_are_spoken_and_only_h2_is() {
    let authority = Authority::new();
    let running = start(&authority.server(Mode::PerCore));
    for (version, number) in [
        (&version::TLS12, ProtocolVersion::TLSv1_2),
        (&version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let connector = authority.raw(&[version], &[b"h2"]);
        let socket = running.socket().await;
        let mut stream = in_time(connector.connect(localhost(), socket))
            .await
            .unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(number));
        assert_eq!(session.alpn_protocol(), Some(&b"h2"[..]));
        // The server's settings, a frame of kind 4, come first.
        stream.write_all(PREFACE).await.unwrap();
        let mut head = [0; 9];
        in_time(stream.read_exact(&mut head)).await.unwrap();
        assert_eq!(head[3], 4);
    }

    let connector = authority.raw(&[&version::TLS13], &[b"http/1.1"]);
    let socket = running.socket().await;
    let refused = in_time(connector.connect(localhost(), socket)).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");

    // Whoever asks for nothing is told goodbye in TLS, so that it is not taken for an attack.
    let connector = authority.raw(&[&version::TLS13], &[]);
    let socket = running.socket().await;
    let mut stream = in_time(connector.connect(localhost(), socket))
        .await
        .unwrap();
    assert_eq!(in_time(stream.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_needs_a_certificate_where_an_authority_of_clients_is_named() {
    for mode in [Mode::PerCore, Mode::Shared] {
        let (authority, clients, others) = (Authority::new(), Authority::new(), Authority::new());
        let mut config = authority.server(mode);
        config.tls.client_ca = Some(clients.path("ca.pem"));
        let running = start(&config);
        let with = |identity: (String, String)| {
            let (certificate, key) = identity;
            let identity = Identity::from_pem(certificate, key);
            authority.trusting().identity(identity)
        };
        let mut known = connect(&running, with(clients.issue())).await.unwrap();
        assert_eq!(unary(&mut known, "known").await.unwrap(), "known");

        for stranger in [authority.trusting(), with(others.issue())] {
            // In TLS 1.3 the client is done before the server looks: the refusal may come with the first call.
            let refused: Result<String, Status> = match connect(&running, stranger).await {
                Ok(mut client) => match in_time(client.ready()).await {
                    Ok(()) => unary(&mut client, "stranger").await,
                    Err(error) => Err(Status::from_error(error.into())),
                },
                Err(error) => Err(Status::unavailable(error)),
            };
            refused.unwrap_err();
        }
        assert_eq!(unary(&mut known, "still").await.unwrap(), "still");
    }
}

#[tokio::test]
async fn a_plain_peer_is_closed_cleanly() {
    let authority = Authority::new();
    let running = start(&authority.server(Mode::PerCore));
    for bytes in [
        PREFACE,
        b"GET / HTTP/1.1\r\nhost: here\r\n\r\n",
        b"\0\0\0\0\0",
    ] {
        let mut socket = running.socket().await;
        socket.write_all(bytes).await.unwrap();
        // An end, and no reset.
        assert_eq!(in_time(socket.read(&mut [0; 64])).await.unwrap(), 0);
    }
    let mut client = connect(&running, authority.trusting()).await.unwrap();
    assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
}

#[tokio::test]
async fn whoever_is_slow_to_shake_hands_is_closed() {
    const LIMIT: Duration = Duration::from_millis(50);
    let closed = async |config: ServerConfig, bytes: &[u8]| {
        let running = start(&config);
        let start = Instant::now();
        let mut socket = running.socket().await;
        socket.write_all(bytes).await.unwrap();
        assert_eq!(in_time(socket.read(&mut [0; 64])).await.unwrap(), 0);
        assert!(start.elapsed() >= LIMIT);
    };
    let authority = Authority::new();
    let mut config = authority.server(Mode::PerCore);
    config.timeouts.first_byte = LIMIT;
    closed(config, b"").await;

    let mut config = authority.server(Mode::PerCore);
    config.timeouts.handshake = LIMIT;
    closed(config, b"\x16\x03\x01\x02\x00\x01").await;

    // The first byte that counts after the handshake is the first of HTTP/2.
    let mut config = authority.server(Mode::PerCore);
    config.timeouts.first_byte = LIMIT;
    let running = start(&config);
    let socket: TcpStream = running.socket().await;
    let connector = authority.raw(&[&version::TLS13], &[b"h2"]);
    let mut stream = in_time(connector.connect(localhost(), socket))
        .await
        .unwrap();
    // It is over, with a goodbye or without.
    let end = in_time(stream.read(&mut [0])).await;
    assert!(!matches!(end, Ok(1..)), "{end:?}");
}

#[test]
fn files_that_cannot_be_used_are_named_with_key_cause_and_mend() {
    let authority = Authority::new();
    let own = |name: &str| authority.path(name).display().to_string();
    let (other, nowhere) = (authority.issue().1, authority.path("nowhere.pem"));
    let crt = own("tls.crt");
    let key = own("tls.key");

    assert_eq!(
        authority.fault(|config| config.tls.certificate = Some(nowhere.clone())),
        format!(
            "cannot use `{}` (`server.tls.certificate`): there is no such file; correct the path, or put the file there",
            nowhere.display()
        )
    );
    assert_eq!(
        authority.fault(|config| config.tls.client_ca = Some(authority.path(""))),
        format!(
            "cannot use `{}` (`server.tls.client_ca`): it is a directory; name the file in it",
            own("")
        )
    );
    assert_eq!(
        authority.fault(|_| authority.write("tls.crt", "no PEM at all")),
        format!(
            "cannot use `{crt}` (`server.tls.certificate`): it holds no certificate in PEM; \
             expected `-----BEGIN CERTIFICATE-----`"
        )
    );
    assert_eq!(
        authority.fault(|config| config.tls.client_ca = Some(authority.path("tls.key"))),
        format!(
            "cannot use `{key}` (`server.tls.client_ca`): it holds no certificate in PEM; \
             expected `-----BEGIN CERTIFICATE-----`"
        )
    );
    assert_eq!(
        authority.fault(|config| config.tls.key = Some(authority.path("tls.crt"))),
        format!(
            "cannot use `{crt}` (`server.tls.key`): it holds no private key in PEM; \
             expected `-----BEGIN PRIVATE KEY-----`"
        )
    );
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(
        authority.fault(|_| authority.write("tls.key", encrypted)),
        format!(
            "cannot use `{key}` (`server.tls.key`): its key is encrypted, and nobody is there to type the passphrase; \
             store it without one (openssl pkey)"
        )
    );
    assert_eq!(
        authority.fault(|_| authority.write("tls.key", &other)),
        format!(
            "cannot use `{key}` (`server.tls.key`): it is not the key of the certificate in `{crt}`; take both from one issue"
        )
    );
    let half = authority.issue().0;
    let said =
        authority.fault(|_| authority.write("tls.crt", half.split("-----END").next().unwrap()));
    let start = format!("cannot use `{crt}` (`server.tls.certificate`): its PEM is broken: ");
    assert!(said.starts_with(&start), "{said}");
    assert!(said.ends_with("; copy it whole"), "{said}");

    let nonsense = |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n");
    assert_eq!(
        authority.fault(|_| authority.write("tls.crt", nonsense("CERTIFICATE"))),
        format!(
            "cannot use `{crt}` (`server.tls.certificate`): what is in its PEM is no certificate; \
             issue it anew"
        )
    );
    let said = authority.fault(|_| authority.write("tls.key", nonsense("PRIVATE KEY")));
    let start = format!("cannot use `{key}` (`server.tls.key`): ");
    assert!(said.starts_with(&start), "{said}");
}

#[tokio::test]
async fn a_handler_reads_the_certificate_of_its_peer() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let mut params = CertificateParams::new(vec!["rates.example.com".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "rates");
    let id = "spiffe://example.com/rates";
    params
        .subject_alt_names
        .push(SanType::URI(id.try_into().unwrap()));
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &clients.issuer).unwrap();
    clients.write("client.pem", certificate.pem());
    clients.write("client.key", key.serialize_pem());

    let answers = Answers::default().unary(|request: Request<Text>| async move {
        let context = request.context();
        let certificate = context.peer().certificate().unwrap();
        let text = format!(
            "{} {} {}",
            certificate.subject(),
            certificate.dns_names().join("+"),
            certificate.spiffe_id().unwrap(),
        );
        Ok(Response::new(Text::new(text)))
    });
    let mut config = authority.server(Mode::PerCore);
    config.tls.client_ca = Some(clients.path("ca.pem"));
    let running = serve(&config, answers);
    let client = |is_known: bool| {
        own_client(&running, |config| {
            config.host = Some(format!("https://{}", running.address).parse().unwrap());
            config.tls.ca = Some(authority.path("ca.pem"));
            if is_known {
                config.tls.certificate = Some(clients.path("client.pem"));
                config.tls.key = Some(clients.path("client.key"));
            }
        })
    };
    let ask = async |channel: nautil_grpc::Channel| -> Result<Response<Text>, Status> {
        let request = Request::new(Text::new(""));
        in_time(channel.unary(method("Unary"), request)).await
    };
    let answer = ask(client(true)).await.unwrap().into_inner();
    assert_eq!(
        answer.text,
        "CN=rates rates.example.com spiffe://example.com/rates"
    );
    let refused = ask(client(false)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
}
