//! TLS from outside: what the client and the probe make of it, certificates that are replaced, and files that are not as they
//! should be.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::process::geteuid;

use crate::support::{Process, Project, Ran, Server, skipped};

/// The user that owns nothing.
const NOBODY: u32 = 65534;

const CERTIFICATE: &str = "APP_SERVER__TLS__CERTIFICATE";
const KEY: &str = "APP_SERVER__TLS__KEY";
const CLIENT_CA: &str = "APP_SERVER__TLS__CLIENT_CA";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "ours");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Writes a certificate for this machine, its key and the authority's own to a directory of the project.
    fn issue(&self, project: &Project, directory: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let write = |name, text: String| project.write(&format!("{directory}/{name}"), &text);
        write("tls.crt", certificate.pem());
        write("tls.key", key.serialize_pem());
        write("ca.crt", self.0.pem());
    }
}

/// The application, with a certificate and its key from this directory.
fn app(project: &Project, arguments: &[&str], directory: &str) -> Command {
    let mut command = project.app(arguments);
    command
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env(CERTIFICATE, format!("{directory}/tls.crt"))
        .env(KEY, format!("{directory}/tls.key"));
    command
}

fn serve(project: &Project, directory: &str) -> Server {
    let mut command = app(project, &["serve"], directory);
    command.env("APP_SERVER__TLS__RELOAD_INTERVAL", "10ms");
    Server::start(&mut command)
}

/// The probe, with the config of the server.
fn health(project: &Project, server: &Server, directory: &str) -> Ran {
    let mut command = app(project, &["health"], directory);
    command.env("APP_SERVER__LISTEN", server.address.to_string());
    Process::start(&mut command).end()
}

/// A call by the application's own client, which trusts the authority of this file.
fn ask(project: &Project, server: &Server, ca: &str) -> Ran {
    let mut command = project.app(["grpc:get-currency-rate", "TRYUSD"]);
    command
        .env(
            "CURRENCY_RATE_SERVICE_HOST",
            format!("https://{}", server.address),
        )
        .env("APP_CLIENTS__CURRENCY_RATE_SERVICE__TLS__CA", ca);
    Process::start(&mut command).end()
}

/// The one line with which `serve` refuses its files.
fn refused(command: &mut Command) -> String {
    let ran = Process::start(command).end().with_code(1);
    assert_eq!(ran.out, "", "{ran}");
    let line = ran.err.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{ran}");
    line.strip_prefix("error: ").unwrap().to_owned()
}

#[test]
fn the_client_calls_over_tls_and_the_probe_trusts_the_configured_certificate() {
    let project = Project::new();
    let authority = Authority::new();
    authority.issue(&project, "tls");
    let server = serve(&project, "tls");
    let ran = ask(&project, &server, "tls/ca.crt").with_code(0);
    assert!(ran.out.starts_with("TRYUSD: "), "{ran}");
    assert_eq!(
        health(&project, &server, "tls").with_code(0).out,
        "SERVING\n"
    );

    let address = server.address.to_string();
    let mut by_flag = app(&project, &["health", "--tls", "--address", &address], "tls");
    assert_eq!(
        Process::start(&mut by_flag).end().with_code(0).out,
        "SERVING\n"
    );
    let mut plain = app(&project, &["health", "--address", &address], "tls");
    let said = refused(&mut plain);
    assert!(
        said.starts_with(&format!("{address} (--address) ")),
        "{said}"
    );
    assert!(
        said.ends_with("; is it the port with TLS? then say --tls"),
        "{said}"
    );

    // Another certificate of the same authority, for the same name.
    authority.issue(&project, "other");
    let ran = health(&project, &server, "other").with_code(1);
    assert_eq!(
        ran.err,
        format!(
            "error: {address} (server.listen) shows another certificate than `other/tls.crt` (`server.tls.certificate`): \
             is it another server, or was the file replaced just now?\n"
        )
    );
}

#[test]
fn a_probe_without_a_certificate_is_sent_to_the_management_port() {
    let project = Project::new();
    Authority::new().issue(&project, "tls");
    let mut command = app(&project, &["serve"], "tls");
    command
        .env(CLIENT_CA, "tls/ca.crt")
        .env("APP_SERVER__MANAGEMENT__LISTEN", "127.0.0.1:0");
    let mut server = Server::start(&mut command);
    let line = server.process.says("management on ");
    let management = line.strip_prefix("management on ").unwrap();

    let mut probe = app(&project, &["health"], "tls");
    probe
        .env(CLIENT_CA, "tls/ca.crt")
        .env("APP_SERVER__LISTEN", server.address.to_string());
    assert_eq!(
        refused(&mut probe),
        format!(
            "{} (server.listen) asks for a client certificate (`server.tls.client_ca`), and a probe has none: \
             set `server.management.listen`, and that port is asked",
            server.address
        )
    );
    // Whether the server has got so far is not this test's matter: it is asked, without TLS, and answers.
    probe.env("APP_SERVER__MANAGEMENT__LISTEN", management);
    let ran = Process::start(&mut probe).end();
    assert!(
        ran.out == "SERVING\n" || ran.err.contains("is NOT_SERVING"),
        "{ran}"
    );
}

#[test]
fn a_certificate_that_is_replaced_is_shown_to_the_next_connection() {
    let project = Project::new();
    // As Kubernetes mounts a Secret: the directory is a link, and a new one is moved over it.
    let replace = |target: &str| {
        let new = project.path("new");
        symlink(target, &new).unwrap();
        fs::rename(new, project.path("tls")).unwrap();
    };
    Authority::new().issue(&project, "first");
    Authority::new().issue(&project, "second");
    replace("first");
    let mut server = serve(&project, "tls");
    ask(&project, &server, "first/ca.crt").with_code(0);

    replace("second");
    server
        .process
        .logs("new connections get the new certificate");
    ask(&project, &server, "second/ca.crt").with_code(0);
    ask(&project, &server, "first/ca.crt").with_code(1);
    health(&project, &server, "tls").with_code(0);

    Authority::new().issue(&project, "broken");
    project.write("broken/tls.key", "no key");
    replace("broken");
    let line = server.process.logs("the old certificate stays");
    assert!(
        line.contains(
            "cannot use `tls/tls.key` (`server.tls.key`): it holds no private key in PEM"
        ),
        "{line}"
    );
    ask(&project, &server, "second/ca.crt").with_code(0);

    Authority::new().issue(&project, "third");
    replace("third");
    server
        .process
        .logs("new connections get the new certificate");
    ask(&project, &server, "third/ca.crt").with_code(0);
}

#[test]
fn a_half_of_tls_is_refused() {
    let project = Project::new();
    Authority::new().issue(&project, "tls");
    let mut without_key = app(&project, &["serve"], "tls");
    without_key.env_remove(KEY);
    assert_eq!(
        refused(&mut without_key),
        "server.tls.key (default): found unset, expected the key of `tls.certificate`: a PEM file"
    );
    let mut without_certificate = app(&project, &["serve"], "tls");
    without_certificate.env_remove(CERTIFICATE);
    assert_eq!(
        refused(&mut without_certificate),
        "server.tls.certificate (default): found unset, expected the certificate of `tls.key`: a PEM file"
    );
    let mut clients_alone = app(&project, &["serve"], "tls");
    clients_alone
        .env_remove(CERTIFICATE)
        .env_remove(KEY)
        .env(CLIENT_CA, "tls/ca.crt");
    assert_eq!(
        refused(&mut clients_alone),
        "server.tls.certificate (default): found unset, expected a PEM file, and `tls.key` with it: \
         without TLS nobody is asked for a certificate of `tls.client_ca`"
    );
    let mut unix = app(&project, &["serve"], "tls");
    unix.env("APP_SERVER__LISTEN", "unix:app.sock");
    assert_eq!(
        refused(&mut unix),
        "server.listen (APP_SERVER__LISTEN, environment): found \"unix:app.sock\", expected a TCP address: \
         TLS (`tls.certificate`) is not for a Unix socket, whose file's permissions say who may connect"
    );
}

#[test]
fn a_key_that_the_user_may_not_read_is_named_with_the_user() {
    let project = Project::new();
    Authority::new().issue(&project, "tls");
    fs::set_permissions(
        project.path("tls/tls.key"),
        PermissionsExt::from_mode(0o000),
    )
    .unwrap();
    let mut command = app(&project, &["serve"], "tls");
    let user = if geteuid().is_root() {
        // To root, permissions are no more than a remark.
        command.uid(NOBODY).gid(NOBODY);
        fs::set_permissions(project.path("."), PermissionsExt::from_mode(0o755)).unwrap();
        NOBODY
    } else {
        geteuid().as_raw()
    };
    // A build directory may be its owner's alone.
    let mut version = Command::new(command.get_program());
    version.arg("--version").current_dir("/").uid(user);
    if let Err(error) = version.output()
        && error.kind() == io::ErrorKind::PermissionDenied
    {
        skipped(
            "a_key_that_the_user_may_not_read_is_named_with_the_user",
            "another user may not execute the binary; make the way to target/ accessible, or run the tests as a user",
        );
        return;
    }
    assert_eq!(
        refused(&mut command),
        format!(
            "cannot use `tls/tls.key` (`server.tls.key`): this process, which runs as user id {user}, may not read it; \
             give it to that user (chown {user}), or make it readable by a group of theirs (chmod g+r)"
        )
    );

    fs::set_permissions(project.path("tls"), PermissionsExt::from_mode(0o600)).unwrap();
    let said = refused(&mut command);
    // Who removes the project has to enter it.
    fs::set_permissions(project.path("tls"), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(
        said,
        format!(
            "cannot use `tls/tls.crt` (`server.tls.certificate`): this process, which runs as user id {user}, \
             may not enter the directory `tls`; let it (chmod a+x)"
        )
    );
}

#[test]
fn a_server_that_is_gone_or_has_no_tls_is_told_apart_by_the_probe() {
    let project = Project::new();
    Authority::new().issue(&project, "tls");
    let plain = project.serve();
    let address = plain.address;
    let said = health(&project, &plain, "tls").with_code(1).err;
    let start = format!("error: {address} (server.listen) cannot be reached over TLS: ");
    assert!(said.starts_with(&start), "{said}");
    assert!(
        said.ends_with("; is the server running, and with TLS?\n"),
        "{said}"
    );

    let Server { process, .. } = plain;
    drop(process);
    let mut gone = app(&project, &["health"], "tls");
    gone.env("APP_SERVER__LISTEN", address.to_string());
    assert_eq!(
        refused(&mut gone),
        format!(
            "{address} (server.listen) cannot be reached over TLS: connection refused; is the server running, and with TLS?"
        )
    );
    let address = address.to_string();
    let mut gone = app(&project, &["health", "--address", &address], "tls");
    assert_eq!(
        refused(&mut gone),
        format!(
            "{address} (--address) cannot be reached: UNAVAILABLE: connection refused; is the server running?"
        )
    );
    let mut nothing = project.app(["health", "--address", &address, "--tls"]);
    assert_eq!(
        refused(&mut nothing),
        "--tls trusts the certificate of `server.tls.certificate`, which is not set"
    );
}
