//! The section `server`.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::listen::Listen;
use super::metadata_name::MetadataName;
use super::method_config::{CompressionConfig, DeadlineConfig, Methods};
use super::proxy::ProxyConfig;
use crate::units::{MAX_MESSAGE, size};

/// The most worker threads. A machine with more cores runs several servers: each thread costs memory at once, and one that the
/// system refuses ends the start.
const MAX_WORKERS: u32 = 1024;

/// The most bytes of one request's headers: what h2 itself takes where nobody says otherwise.
const MAX_HEADERS: u64 = 16 << 20;

/// How the server listens, on how many threads it serves, and what it takes from a peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where to listen: `<host>:<port>` or `unix:<path>`. A name stands for all its addresses. Default `127.0.0.1:9001`; port 0
    /// takes any free one.
    pub listen: Listen,
    /// How calls are spread over threads. Default `per_core`.
    pub mode: Mode,
    /// The number of worker threads, at most 1024. Default 0: one per core that this process may use.
    #[serde(deserialize_with = "crate::units::number::at_most::<MAX_WORKERS, _>")]
    pub workers: u32,
    /// How long calls in flight may take once the server stops. Default 30 s.
    #[serde(with = "crate::units::duration")]
    pub drain_timeout: Duration,
    /// The second port, for those who look after the server.
    pub management: Management,
    /// How the application's health checks are run.
    pub health: HealthConfig,
    /// How long calls may take.
    pub deadline: DeadlineConfig,
    /// How messages are compressed.
    pub compression: CompressionConfig,
    /// The proxies in front of the server.
    pub proxies: ProxyConfig,
    /// The names of metadata that outgoing calls take over from the call that is being served, beside its deadline and its
    /// request id. Default none.
    pub propagate: Vec<MetadataName>,
    /// The names of interceptors that come before the others, in this order. Default none: all are in the order of declaration.
    pub interceptors: Vec<String>,
    /// What holds for some methods in place of what holds for all: a table for each pattern.
    pub methods: Methods,
    /// TLS on the port of the calls.
    pub tls: TlsConfig,
    /// What clients may take of the server.
    pub limits: Limits,
    /// How long a client may be silent.
    pub timeouts: Timeouts,
}

/// How calls are spread over threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Every worker is a runtime of its own, and a connection stays on one worker. About half the CPU per call where several
    /// calls share a connection; a handler that blocks holds up the other calls of its worker.
    #[default]
    PerCore,
    /// All workers share one runtime and steal work from each other: for handlers that burn CPU.
    Shared,
}

/// The second port: health, metrics and pages in plain text, on a thread of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Management {
    /// Where to answer `grpc.health.v1.Health` (HTTP/2), and GET for `/livez`, `/readyz`, `/metrics` and the application's
    /// pages: `<host>:<port>` or `unix:<path>`. Unset, there is no such port.
    pub listen: Option<Listen>,
    /// How long a page of the application may take to answer; one that takes longer answers 503. Default 5 s.
    #[serde(with = "crate::units::duration")]
    pub page_timeout: Duration,
}

/// How the application's health checks are run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthConfig {
    /// The time from one run of a check to the next. Default 1 s.
    #[serde(with = "crate::units::duration")]
    pub interval: Duration,
    /// How long a check may take; one that takes longer has failed. With `interval` it says how late a fault is seen. Default
    /// 500 ms.
    #[serde(with = "crate::units::duration")]
    pub timeout: Duration,
    /// How many times in a row a check that failed must pass before it counts as passing. Default 3.
    pub success_threshold: NonZeroU32,
}

/// TLS on the port of the calls. Without `certificate` and `key`, calls come in plain text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file: the server's certificate, and then those between it and an authority that clients trust.
    pub certificate: Option<PathBuf>,
    /// A PEM file: the private key of the certificate.
    pub key: Option<PathBuf>,
    /// A PEM file: the authorities of clients. Where it is set, a client without a certificate of theirs is turned away.
    pub client_ca: Option<PathBuf>,
    /// How often the files are looked at. New connections get a new certificate; files that cannot be used change nothing.
    /// Default 10 s; `"0s"` is never.
    #[serde(with = "crate::units::duration")]
    pub reload_interval: Duration,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            client_ca: None,
            reload_interval: Duration::from_secs(10),
        }
    }
}

/// What one client, and all clients together, may take of the server. In text, sizes have their unit (`"4MiB"`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many connections may be open at a time. One more is closed as soon as it is accepted. Default 10 000; 0 is no
    /// limit.
    pub max_connections: u32,
    /// How many connections one IP address may have open at a time. Default 0, which is no limit: behind a proxy, all callers
    /// have the address of the proxy.
    pub max_connections_per_address: u32,
    /// How many calls one connection may have in flight. The client is told this number, and holds further calls back until
    /// one ends. Default 100.
    pub max_concurrent_streams: NonZeroU32,
    /// How many cancelled calls of one connection may wait to be cleaned up. A connection with more is closed: its client opens
    /// calls only to cancel them ("rapid reset", CVE-2023-44487). Default 200.
    pub max_pending_reset_streams: u32,
    /// How many calls of one connection may have been reset because its client broke the rules of HTTP/2 on them. A connection
    /// with more is closed ("made you reset", CVE-2025-8671). Default 1024.
    pub max_local_error_reset_streams: u32,
    /// How large the headers of one request may be, decoded. The metadata of a call count too. Default 16 KiB, at most 16 MiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_HEADERS, _, _>"
    )]
    pub max_header_list_size: u32,
    /// How large one message of a request may be. A larger one ends its call with RESOURCE_EXHAUSTED. Default 4 MiB, at most
    /// 2 GiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_MESSAGE, _, _>"
    )]
    pub max_receive_message: usize,
    /// How large one message of a response may be. A larger one ends its call with RESOURCE_EXHAUSTED. Default 4 MiB, which
    /// is what clients accept by default. At most 2 GiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_MESSAGE, _, _>"
    )]
    pub max_send_message: usize,
}

/// How long a client may be silent. In text, durations have their unit (`"10s"`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// How long a new connection may take to send its first byte. One that takes longer is closed. Default 10 s.
    #[serde(with = "crate::units::duration")]
    pub first_byte: Duration,
    /// How long a connection may take from its first byte to the end of the HTTP/2 preface. One that takes longer is closed.
    /// Default 10 s.
    #[serde(with = "crate::units::duration")]
    pub handshake: Duration,
    /// How the server finds out whether a silent client is still there.
    pub keepalive: Keepalive,
}

/// HTTP/2 pings to a client that is silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keepalive {
    /// How long a connection may be silent before it is sent a ping. Default 60 s; `"0s"` sends none.
    #[serde(with = "crate::units::duration")]
    pub interval: Duration,
    /// How long the client may take to answer a ping. A connection whose ping is not answered in time is closed. Default 20 s.
    #[serde(with = "crate::units::duration")]
    pub timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: Listen::default(),
            mode: Mode::default(),
            workers: 0,
            drain_timeout: Duration::from_secs(30),
            management: Management::default(),
            health: HealthConfig::default(),
            deadline: DeadlineConfig::default(),
            interceptors: Vec::new(),
            compression: CompressionConfig::default(),
            proxies: ProxyConfig::default(),
            propagate: Vec::new(),
            methods: Methods::new(),
            tls: TlsConfig::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Management {
    fn default() -> Self {
        Self {
            listen: None,
            page_timeout: Duration::from_secs(5),
        }
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        const SUCCESSES: NonZeroU32 = NonZeroU32::new(3).expect("3 is not zero");
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            success_threshold: SUCCESSES,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        const STREAMS: NonZeroU32 = NonZeroU32::new(100).expect("100 is not zero");
        Self {
            max_connections: 10_000,
            max_connections_per_address: 0,
            max_concurrent_streams: STREAMS,
            max_pending_reset_streams: 200,
            max_local_error_reset_streams: 1024,
            max_header_list_size: 16 << 10,
            max_receive_message: 4 << 20,
            max_send_message: 4 << 20,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            keepalive: Keepalive::default(),
        }
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(20),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::PerCore => "per_core",
            Self::Shared => "shared",
        })
    }
}
