//! What the generator states about a service, on `dyn <Service>Interface`.

use std::any::Any;
use std::sync::Arc;

use crate::server::{Call, Reply};
use crate::{Channel, Method};

/// A gRPC service, implemented by generated code for its `dyn <Service>Interface`.
///
/// A [`Router`](crate::server::Router) mounts whatever states this. Code of your own needs it where it is for any service:
///
/// ```standalone_crate
/// # #[path = "../examples/generated/mod.rs"]
/// # mod generated;
/// use std::sync::Arc;
///
/// use generated::greeting::GreetingServiceInterface;
/// use nautil_grpc::client::{ConnectError, Target};
/// use nautil_grpc::{Channel, ClientConfig, Service};
///
/// /// The client of a service; nothing is sent before its first call.
/// fn client<S: Service + ?Sized>(config: &ClientConfig) -> Result<Arc<S>, ConnectError> {
///     let target = Target {
///         service: S::NAME,
///         variable: S::HOST_VARIABLE,
///     };
///     Ok(S::client(Channel::connect(target, config)?))
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ClientConfig {
///     host: Some("localhost:9001".parse()?),
///     ..ClientConfig::default()
/// };
/// let client = client::<dyn GreetingServiceInterface>(&config)?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub trait Service: Any + Send + Sync {
    /// The full protobuf name: `currency.CurrencyRateService`.
    const NAME: &'static str;
    /// Its methods, in the order of the contract.
    const METHODS: &'static [Method];
    /// The contracts, as an encoded `google.protobuf.FileDescriptorSet`.
    const DESCRIPTOR_SET: &'static [u8];
    /// The variable that says where the client connects: `CURRENCY_RATE_SERVICE_HOST`.
    const HOST_VARIABLE: &'static str;

    /// Answers one call of `method`, the last part of the path: `GetRate`.
    fn handle(service: &Arc<Self>, method: &str, call: Call) -> Reply;

    /// The client of this service.
    fn client(channel: Channel) -> Arc<Self>;
}
