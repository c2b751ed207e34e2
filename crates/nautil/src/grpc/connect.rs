//! The way from a config to a channel, as an interface: a test binds one that leads to a server in its own process.

use nautil_grpc::client::{Channel, ClientConfig, ConnectError, Target};
use shaku::{Component, Interface};

/// Makes the channels that clients call through.
pub trait Connect: Interface {
    /// Returns a channel to `target`. Nothing is sent before its first call.
    ///
    /// # Errors
    /// No channel can be made from the config: a certificate cannot be read, for example.
    fn connect(&self, target: Target, config: &ClientConfig) -> Result<Channel, ConnectError>;
}

/// Makes channels over the network, by [`Channel::connect`].
#[derive(Debug, Clone, Copy, Default, Component)]
#[shaku(interface = Connect)]
pub struct NetworkConnect {}

impl Connect for NetworkConnect {
    fn connect(&self, target: Target, config: &ClientConfig) -> Result<Channel, ConnectError> {
        Channel::connect(target, config)
    }
}
