//! The way from a config to a channel, as an interface: a test binds one that leads to a server in its own process.

use std::path::PathBuf;

use shaku::{Component, Interface};

use super::{Channel, ClientConfig, Host};

/// Which service is called, and which variable says where it is: what a failed call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The full protobuf name: `currency.CurrencyRateService`.
    pub service: &'static str,
    /// The variable that sets the host: `CURRENCY_RATE_SERVICE_HOST`.
    pub variable: &'static str,
}

/// Makes channels.
pub trait Connect: Interface {
    /// A channel to `target`. Nothing is sent before the first call.
    ///
    /// # Errors
    /// A config that no channel can be made of.
    fn connect(&self, target: Target, config: &ClientConfig) -> Result<Channel, ConnectError>;
}

/// Channels over the network: those of [`Channel::connect`].
#[derive(Debug, Clone, Copy, Default, Component)]
#[shaku(interface = Connect)]
pub struct NetworkConnect {}

impl Connect for NetworkConnect {
    fn connect(&self, target: Target, config: &ClientConfig) -> Result<Channel, ConnectError> {
        Channel::connect(target, config)
    }
}

/// A [`ClientConfig`] that no channel can be made of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A TLS key beside a host without TLS: the call would go out in the clear.
    #[error(
        "`tls.{key}` is set, but {variable} is `{host}`: write `https://` before the host, or unset `tls.{key}`"
    )]
    TlsWithoutHttps {
        /// The variable that sets the host.
        variable: &'static str,
        /// The host.
        host: Host,
        /// The key in `tls`.
        key: &'static str,
    },
    /// A limit of zero would fail every call.
    #[error("`{key}` of {service} is zero: every call would fail")]
    Zero {
        /// The service.
        service: &'static str,
        /// The key.
        key: &'static str,
    },
    /// The file of `tls.ca` cannot be read.
    #[error("cannot read `{}`, the `tls.ca` of {service}", path.display())]
    ReadCa {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of `tls.ca` has nothing to trust.
    #[error("`{}`, the `tls.ca` of {service}, holds no PEM certificate", path.display())]
    NoCertificate {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up: a bad `tls.domain`, or a system without root certificates.
    #[error("cannot set up TLS to `{host}`, the {variable}")]
    Tls {
        /// The variable that sets the host.
        variable: &'static str,
        /// The host.
        host: Host,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
