//! Hosts and config, read and refused.

use std::path::Path;
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use nautil_grpc::client::{
    Channel, ClientConfig, CompressionConfig, ConnectError, Host, TlsConfig,
};
use nautil_grpc::units::Limit;
use nautil_grpc::{Encoding, Encodings};

use crate::server::{TARGET, config};

#[test]
fn a_host_is_read_and_prints_as_it_was_written() {
    for (text, tls, socket) in [
        ("localhost:9001", false, None),
        ("rates_1.example-a.com:65535", false, None),
        ("10.0.0.7:1", false, None),
        ("[::1]:9001", false, None),
        ("http://localhost:9001", false, None),
        ("http://localhost", false, None),
        ("https://localhost:9001", true, None),
        ("https://rates.example.com", true, None),
        ("https://[2001:db8::1]", true, None),
        ("unix:/run/rates.sock", false, Some("/run/rates.sock")),
        ("unix:///run/rates.sock", false, Some("/run/rates.sock")),
        ("unix:rates.sock", false, Some("rates.sock")),
    ] {
        let host: Host = text.parse().unwrap();
        assert_eq!(host.to_string(), text);
        assert_eq!(host.is_tls(), tls, "{text}");
        assert_eq!(host.socket(), socket.map(Path::new), "{text}");
    }
}

#[test]
fn what_is_no_host_is_refused_with_what_was_expected() {
    for (text, expected) in [
        ("", "a host such as"),
        ("localhost", "a port after the host"),
        ("[::1]", "a port after the host"),
        ("localhost:", "a port after the host"),
        ("localhost:+1", "a port after the host"),
        ("localhost:http", "a port after the host"),
        ("https://localhost:", "a port after the host"),
        ("localhost:0", "a port between 1 and 65535"),
        ("localhost:65536", "a port between 1 and 65535"),
        ("localhost:9001/", "no path or query"),
        ("http://localhost:9001/rates", "no path or query"),
        ("https://localhost?a=b", "no path or query"),
        ("ftp://localhost:9001", "one of the schemes"),
        ("HTTP://localhost:9001", "one of the schemes"),
        (" localhost:9001", "no spaces"),
        ("localhost :9001", "no spaces"),
        ("unix:/run/my rates.sock", "no spaces"),
        (":9001", "a host name or an address"),
        ("https://", "a host name or an address"),
        ("::1:9001", "a host name or an address"),
        ("[::1:9001", "a host name or an address"),
        ("[::1]9001", "a host name or an address"),
        ("[rates]:9001", "a host name or an address"),
        ("me@localhost:9001", "no user and password before the host"),
        ("größe:9001", "a host name or an address"),
        ("unix:", "the path of a socket"),
        ("unix://", "the path of a socket"),
        ("unix://run/rates.sock", "the path of a socket"),
        ("unix:/run/", "the path of a socket"),
    ] {
        let error = text.parse::<Host>().unwrap_err().to_string();
        let start = format!("found `{text}`, expected {expected}");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_host_with_a_password_is_refused_without_repeating_it() {
    for (text, shown) in [
        (
            "http://me:hunter2@localhost:9001",
            "http://me:********@localhost:9001",
        ),
        (
            "https://me:hunter2@localhost",
            "https://me:********@localhost",
        ),
        ("http://:hunter2@localhost", "http://:********@localhost"),
        (
            "http://me:hunter2/1@localhost:9001",
            "http://me:********@localhost:9001",
        ),
        (
            "http://me:hunt@er2@localhost:9001",
            "http://me:********@localhost:9001",
        ),
        (
            "http://me:hunt er2@localhost:9001",
            "http://me:********@localhost:9001",
        ),
        ("ftp://me:hunter2@localhost", "ftp://me:********@localhost"),
        ("me:hunter2@localhost:9001", "me:********@localhost:9001"),
    ] {
        let error = text.parse::<Host>().unwrap_err();
        let expected = "no user and password before the host";
        assert_eq!(
            error.to_string(),
            format!("found `{shown}`, expected {expected}")
        );
        assert!(!format!("{error:?}").contains("hunt"), "{error:?}");

        let error = read(&format!("host = {text:?}")).unwrap_err();
        assert!(
            error.contains(&format!("found {shown:?}, expected {expected}")),
            "{error}"
        );
        assert!(!error.contains("hunt"), "{error}");
    }
}

#[test]
fn a_host_with_a_character_that_moves_the_cursor_is_refused_with_its_escape() {
    let error = "local\u{1b}[2Jhost:9001".parse::<Host>().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("found `local\\u{1b}[2Jhost:9001`, "),
        "{error}"
    );
}

fn read(toml: &str) -> Result<ClientConfig, String> {
    Figment::from(Toml::string(toml))
        .extract()
        .map_err(|error| error.to_string())
}

#[test]
fn a_config_survives_being_written_and_read() {
    let config = ClientConfig {
        host: Some("https://rates.example.com".parse().unwrap()),
        deadline: Duration::from_millis(1500).into(),
        stream_deadline: Duration::from_secs(60).into(),
        connect_timeout: Duration::from_secs(90),
        max_receive_message: 64 << 10,
        compression: CompressionConfig {
            accept: Encodings::only(Encoding::Zstd),
            send: Some(Encoding::Gzip),
            least: 100,
        },
        interceptors: Some(vec!["token".to_owned()]),
        tls: TlsConfig {
            ca: Some("ca.pem".into()),
            domain: Some("rates".to_owned()),
            certificate: Some("client.pem".into()),
            key: Some("client.key".into()),
        },
    };
    for config in [config, ClientConfig::default()] {
        let read: ClientConfig = Figment::from(Serialized::defaults(&config))
            .extract()
            .unwrap();
        assert_eq!(read, config);
    }
}

#[test]
fn an_empty_config_has_the_defaults() {
    let config = read("").unwrap();
    assert_eq!(config, ClientConfig::default());
    assert_eq!(config.deadline, Duration::from_secs(10).into());
    assert_eq!(config.stream_deadline, Limit::NONE);
    assert_eq!(config.connect_timeout, Duration::from_secs(5));
    assert_eq!(config.max_receive_message, 4_194_304);
    assert_eq!(config.host, None);
}

#[test]
fn a_config_with_a_mistake_is_refused() {
    for (toml, expected) in [
        ("deadline = 10", "a duration with its unit"),
        ("connect_timeout = \"5\"", "a duration with its unit"),
        ("max_receive_message = 4", "a size with its unit"),
        (
            "max_receive_message = \"3GiB\"",
            "a size of at most \"2GiB\"",
        ),
        ("deadline = \"101y\"", "a duration of at most \"100y\""),
        (
            "connect_timeout = \"292277024627y\"",
            "a duration of at most \"100y\"",
        ),
        ("deadlin = \"10s\"", "unknown field: found `deadlin`"),
        ("[tls]\ncert = \"a\"", "unknown field: found `cert`"),
        ("host = 9001", "expected a host such as `localhost:9001`"),
        ("host = \"\"", "string \"\", expected a host such as"),
        (
            "host = \"localhost\"",
            "string \"localhost\", expected a port after the host, as in `localhost:9001`",
        ),
    ] {
        let error = read(toml).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

fn refused(config: &ClientConfig) -> ConnectError {
    Channel::connect(TARGET, config).unwrap_err()
}

#[test]
fn a_config_that_no_channel_can_be_made_of_is_refused() {
    let with = |host: &str, ca: Option<&Path>, domain: Option<&str>| ClientConfig {
        tls: TlsConfig {
            ca: ca.map(Into::into),
            domain: domain.map(Into::into),
            ..TlsConfig::default()
        },
        ..config(host)
    };
    assert_eq!(
        refused(&with("localhost:9001", Some(Path::new("ca.pem")), None)).to_string(),
        "`tls.ca` is set, but RATES_HOST is `localhost:9001`: write `https://` before the host, or unset `tls.ca`"
    );
    assert_eq!(
        refused(&with("unix:rates.sock", None, Some("rates"))).to_string(),
        "`tls.domain` is set, but RATES_HOST is `unix:rates.sock`: write `https://` before the host, or unset `tls.domain`"
    );
    assert_eq!(
        refused(&with(
            "https://localhost",
            Some(Path::new("/absent/ca.pem")),
            None
        ))
        .to_string(),
        "cannot read `/absent/ca.pem`, the `tls.ca` of test.Rates"
    );
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("ca.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    assert_eq!(
        refused(&with("https://localhost", Some(&empty), None)).to_string(),
        format!(
            "`{}`, the `tls.ca` of test.Rates, holds no PEM certificate",
            empty.display()
        )
    );
    let zero = ClientConfig {
        deadline: Duration::ZERO.into(),
        ..config("localhost:9001")
    };
    assert_eq!(
        refused(&zero).to_string(),
        "`deadline` of test.Rates is zero: every call would fail"
    );
}

#[test]
fn a_channel_is_made_without_a_runtime() {
    Channel::connect(TARGET, &config("localhost:9001")).unwrap();
}
