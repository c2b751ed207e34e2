//! The way from a config to a channel, as an interface: a test binds one that leads to a server in its own process.

use nautil_grpc::client::{Channel, ClientConfig, ConnectError, Target};
use shaku::{Component, Interface};

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
