//! The sections `server` and `grpc`.

use std::time::Duration;

use nautil_grpc::server::{DeadlineConfig, Listen, ServerConfig};
use serde::{Deserialize, Serialize};

use crate::config::{Invalid, Section};

/// `config/grpc.toml`: what is generated, from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// The contracts: paths or globs of `.proto` files, from the project's root.
    pub services: Vec<String>,
    /// Further directories that `import` looks in, after the directory of the contract itself.
    pub imports: Vec<String>,
    /// The directory of the generated code, which belongs to the generator alone.
    pub generated: String,
    /// The crate that the generated code names.
    pub runtime: Runtime,
}

/// The one crate that generated code names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// `nautil`: the services of an application, with the bootloader and the config of their clients.
    #[default]
    Nautil,
    /// `nautil-grpc`: the services of any tokio program, without a bootloader and without config.
    NautilGrpc,
}

impl Default for GrpcConfig {
    fn default() -> Self {
        GrpcConfig {
            services: Vec::new(),
            imports: Vec::new(),
            generated: "generated".to_owned(),
            runtime: Runtime::default(),
        }
    }
}

impl Section for GrpcConfig {
    const NAME: &'static str = "grpc";
}

/// The least that the headers of a request may take, in bytes.
const LEAST_HEADERS: u32 = 1 << 10;

impl Section for ServerConfig {
    const NAME: &'static str = "server";

    fn check(&self) -> Vec<Invalid> {
        let timeouts = &self.timeouts;
        let awaited = [
            ("timeouts.first_byte", timeouts.first_byte),
            ("timeouts.handshake", timeouts.handshake),
            ("timeouts.keepalive.timeout", timeouts.keepalive.timeout),
        ];
        let zero = awaited.into_iter().filter(|(_, time)| time.is_zero());
        let invalid = zero.map(|(key, _)| Invalid {
            key,
            expected: "more than zero: no peer is that fast".to_owned(),
        });
        let own = [
            ("health.interval", self.health.interval),
            ("health.timeout", self.health.timeout),
            ("management.page_timeout", self.management.page_timeout),
        ];
        let zero = own.into_iter().filter(|(_, time)| time.is_zero());
        let own = zero.map(|(key, _)| Invalid {
            key,
            expected: "more than zero, such as 1s or 500ms".to_owned(),
        });
        let unbelieved = self.proxies.protocol && self.proxies.trusted.is_empty();
        let unbelieved = unbelieved.then(|| Invalid {
            key: "proxies.protocol",
            expected: "false, or the addresses of the proxies in `proxies.trusted`".to_owned(),
        });
        let headers = (self.limits.max_header_list_size < LEAST_HEADERS).then(|| Invalid {
            key: "limits.max_header_list_size",
            expected: "at least \"1KiB\", which the headers of a call without metadata take"
                .to_owned(),
        });
        invalid
            .chain(own)
            .chain(unbelieved)
            .chain(headers)
            .chain(check_deadlines(self))
            .chain(check_tls(self))
            .collect()
    }
}

/// Deadlines that no call can keep: of no time, and a default above the maximum.
fn check_deadlines(config: &ServerConfig) -> impl Iterator<Item = Invalid> {
    let of_all = impossible(config.deadline).map(|(key, expected)| Invalid { key, expected });
    let of_tables = config.methods.keys().filter_map(|pattern| {
        let (key, expected) = impossible(config.deadline.of(pattern, &config.methods))?;
        Some(Invalid {
            key: "methods",
            expected: format!("for `{pattern}` a `{key}` of {expected}"),
        })
    });
    of_all.into_iter().chain(of_tables)
}

/// The key that is wrong, and what it would have to be.
fn impossible(deadline: DeadlineConfig) -> Option<(&'static str, String)> {
    let some = || "more than zero, or \"none\"".to_owned();
    match (deadline.default.0, deadline.maximum.0) {
        (Some(Duration::ZERO), _) => Some(("deadline.default", some())),
        (_, Some(Duration::ZERO)) => Some(("deadline.maximum", some())),
        (Some(default), Some(maximum)) if default > maximum => {
            let default = deadline.default;
            let least = format!("at least `deadline.default`, which is {default}");
            Some(("deadline.maximum", least))
        }
        _ => None,
    }
}

/// Finds what is missing of a TLS config that is there in part. A server that went without TLS then would not be what was meant.
fn check_tls(config: &ServerConfig) -> Option<Invalid> {
    let tls = &config.tls;
    let (key, expected) = match (&tls.certificate, &tls.key, &tls.client_ca) {
        (None, None, None) => return None,
        (Some(_), None, _) => ("tls.key", "the key of `tls.certificate`: a PEM file"),
        (None, Some(_), _) => (
            "tls.certificate",
            "the certificate of `tls.key`: a PEM file",
        ),
        (None, None, Some(_)) => (
            "tls.certificate",
            "a PEM file, and `tls.key` with it: without TLS nobody is asked for a certificate of `tls.client_ca`",
        ),
        (Some(_), Some(_), _) if matches!(config.listen, Listen::Unix(_)) => (
            "listen",
            "a TCP address: TLS (`tls.certificate`) is not for a Unix socket, whose file's permissions say who may connect",
        ),
        (Some(_), Some(_), _) => return None,
    };
    Some(Invalid {
        key,
        expected: expected.to_owned(),
    })
}
