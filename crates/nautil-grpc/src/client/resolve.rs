//! From the name of a host to its addresses.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;

/// Finds the addresses of a host's name: all of them, for a [`Channel`](super::Channel) spreads its calls over what is found.
///
/// It is asked again while calls are made, so what it answers may change: addresses that are new get calls, and those that
/// are gone lose theirs.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
///
/// use async_trait::async_trait;
/// use nautil_grpc::client::Resolve;
///
/// /// Two replicas on one machine.
/// #[derive(Debug)]
/// struct Replicas;
///
/// #[async_trait]
/// impl Resolve for Replicas {
///     async fn resolve(&self, _name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
///         Ok(vec![([127, 0, 0, 1], port).into(), ([127, 0, 0, 2], port).into()])
///     }
/// }
/// ```
#[async_trait]
pub trait Resolve: Debug + Send + Sync + 'static {
    /// The addresses of `name`; `port` is the one that the host was written with.
    ///
    /// # Errors
    /// Why the name has no address. An empty list is an error too, to the caller.
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver, `getaddrinfo`: `/etc/hosts` and DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, port)).await?.collect())
    }
}
