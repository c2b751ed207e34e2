//! What the generator states about a service, on `dyn <Service>Interface`.

use std::any::Any;
use std::sync::Arc;

use crate::Channel;
use crate::server::{Call, Reply};

/// A gRPC service, implemented by generated code for its `dyn <Service>Interface`.
pub trait Service: Any + Send + Sync {
    /// The full protobuf name: `currency.CurrencyRateService`.
    const NAME: &'static str;
    /// The contracts, as an encoded `google.protobuf.FileDescriptorSet`.
    const DESCRIPTOR_SET: &'static [u8];
    /// The variable that says where the client connects: `CURRENCY_RATE_SERVICE_HOST`.
    const HOST_VARIABLE: &'static str;

    /// Answers one call of `method`, the last part of the path: `GetRate`.
    fn handle(service: &Arc<Self>, method: &str, call: Call) -> Reply;

    /// The client of this service.
    fn client(channel: Channel) -> Arc<Self>;
}
