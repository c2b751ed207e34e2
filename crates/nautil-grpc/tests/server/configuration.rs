//! The section as text.

use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use nautil_grpc::server::{Mode, ServerConfig};

fn read(text: &str) -> Result<ServerConfig, String> {
    Figment::from(Toml::string(text))
        .extract()
        .map_err(|error| error.to_string())
}

#[test]
fn every_key_can_be_set_and_has_its_unit() {
    let config = read(
        r#"
        listen = "unix:/run/app.sock"
        mode = "shared"
        workers = 4
        drain_timeout = "5s"

        [limits]
        max_receive_message = "64KiB"

        [timeouts]
        first_byte = "250ms"
        keepalive.interval = "0s"
        "#,
    )
    .unwrap();
    assert_eq!(config.listen.to_string(), "unix:/run/app.sock");
    assert_eq!(config.mode, Mode::Shared);
    assert_eq!(config.drain_timeout, Duration::from_secs(5));
    assert_eq!(config.limits.max_receive_message, 64 << 10);
    assert_eq!(config.limits.max_send_message, 4 << 20);
    assert_eq!(config.timeouts.first_byte, Duration::from_millis(250));
    assert!(config.timeouts.keepalive.interval.is_zero());
}

#[test]
fn the_defaults_survive_the_way_to_text_and_back() {
    let config = ServerConfig::default();
    let figment = Figment::from(Serialized::defaults(&config));
    assert_eq!(figment.extract::<ServerConfig>().unwrap(), config);
    assert_eq!(
        figment.extract_inner::<String>("listen").unwrap(),
        "127.0.0.1:9001"
    );
    let limit = figment.extract_inner::<String>("limits.max_header_list_size");
    assert_eq!(limit.unwrap(), "16KiB");
}

#[test]
fn the_largest_values_are_taken() {
    let config = read(
        r#"
        workers = 1024

        [limits]
        max_header_list_size = "16MiB"
        max_receive_message = "2GiB"
        max_send_message = "2GiB"
        "#,
    )
    .unwrap();
    assert_eq!(config.workers, 1024);
    assert_eq!(config.limits.max_header_list_size, 16 << 20);
    assert_eq!(config.limits.max_receive_message, 2 << 30);
    assert_eq!(config.limits.max_send_message, 2 << 30);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (text, message) in [
        ("listen = \"9001\"", "`9001` is no address to listen on"),
        ("mode = \"forked\"", "`forked`"),
        ("drain_timeout = \"30\"", "a duration with its unit"),
        ("limits.max_concurrent_streams = 0", "nonzero"),
        ("workers = 1025", "a whole number from 0 to 1024"),
        ("workers = -1", "a whole number from 0 to 1024"),
        ("workers = 1.5", "a whole number from 0 to 1024"),
        (
            "limits.max_header_list_size = \"16MiB 1B\"",
            "a size with its unit",
        ),
        (
            "limits.max_header_list_size = \"17MiB\"",
            "a size of at most \"16MiB\"",
        ),
        (
            "limits.max_receive_message = \"16EiB\"",
            "a size of at most \"2GiB\"",
        ),
        (
            "limits.max_send_message = \"2147483649B\"",
            "a size of at most \"2GiB\"",
        ),
        ("limits.max_connection = 1", "`max_connection`"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
