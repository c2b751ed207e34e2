//! gRPC for any tokio program: a server that drains without losing a call, and clients that follow their servers.
//!
//! It knows nothing of an application around it. The framework `nautil` puts it into one.
//!
//! A server is a [`Router`](server::Router) of services, and a [`Server`](server::Server) that owns an address. A client is a
//! [`Channel`] to one service. The generator makes both from a contract, with `runtime = "nautil-grpc"` in `config/grpc.toml`:
//!
//! ```standalone_crate
//! use std::sync::Arc;
//!
//! use nautil_grpc::client::Target;
//! use nautil_grpc::server::{Router, Server, ServerConfig};
//! use nautil_grpc::{Channel, ClientConfig, Request, Response, Status, async_trait};
//! use tokio::sync::oneshot;
//!
//! # #[path = "../examples/generated/mod.rs"]
//! mod generated;
//! use generated::greeting::{
//!     GreetRequest, GreetResponse, GreetingServiceClient, GreetingServiceInterface,
//! };
//!
//! struct Greeting;
//!
//! #[async_trait]
//! impl GreetingServiceInterface for Greeting {
//!     async fn greet(
//!         &self,
//!         request: Request<GreetRequest>,
//!     ) -> Result<Response<GreetResponse>, Status> {
//!         let text = format!("Hello, {}!", request.into_inner().name);
//!         Ok(Response::new(GreetResponse { text }))
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // The server: port 0 is any free one.
//!     let config = ServerConfig {
//!         listen: "127.0.0.1:0".parse()?,
//!         ..ServerConfig::default()
//!     };
//!     let routes = Router::new(&config)
//!         .mount::<dyn GreetingServiceInterface>(Arc::new(Greeting))
//!         .build()?;
//!     let server = Server::bind(&config)?;
//!     let host = server.address().to_string().parse()?;
//!     let (stop, stopped) = oneshot::channel::<()>();
//!     let running = server.start(routes).await?;
//!     let serving = tokio::spawn(running.until(async {
//!         let _ = stopped.await;
//!     }));
//!
//!     // The client: a call that fails names the target.
//!     let target = Target {
//!         service: "greeting.GreetingService",
//!         variable: "GREETING_SERVICE_HOST",
//!     };
//!     let config = ClientConfig {
//!         host: Some(host),
//!         ..ClientConfig::default()
//!     };
//!     let client = GreetingServiceClient::new(Channel::connect(target, &config)?);
//!     let name = "Ada".to_owned();
//!     let response = client.greet(Request::new(GreetRequest { name })).await?;
//!     assert_eq!(response.into_inner().text, "Hello, Ada!");
//!
//!     // The stop: calls in flight would be finished first.
//!     drop(stop);
//!     assert!(serving.await?.is_clean());
//!     Ok(())
//! }
//! ```
//!
//! The crate's directory `examples` has a server and a client as two programs, with the contracts and what is generated.
//!
//! This is also the one door to tonic, of which types are used (requests, responses, statuses, metadata) and the services of
//! health and reflection. Transport and routing are this crate's own.

#![warn(missing_docs, missing_debug_implementations)]

mod call;
pub mod client;
mod code;
mod codec;
mod descriptors;
mod interceptor;
pub mod messages;
mod method;
mod method_pattern;
pub mod metrics;
mod panic;
pub mod permission;
pub mod printable;
mod reset;
pub mod server;
mod service;
mod status_details;
mod tls;
pub mod units;

use std::pin::Pin;

pub use bytes::Bytes;
use futures_util::Stream;
pub use tonic::body::Body;
pub use tonic::metadata;
pub use tonic::{Code, Request, Response, Status};
pub use tonic_types::{ErrorDetails, StatusExt};
pub use {async_trait::async_trait, http, prost, prost_reflect, prost_types};

pub use call::{
    Certificate, Context, Network, NetworkError, Peer, PeerAddress, Principal, RequestExt, detached,
};
pub use client::{Channel, ClientConfig};
pub use code::code_name;
pub use codec::{EncodedMessage, Encoding, EncodingTwice, Encodings};
pub use interceptor::{
    Calls, End, Intercept, InterceptedCall, InterceptedMessage, Intercepting, Interceptor,
    Interceptors, Next, Side, UnknownInterceptor,
};
pub use method::{Idempotency, Method, MethodKind};
pub use method_pattern::{MethodPattern, MethodPatternError};
pub use service::Service;
pub use status_details::StatusDetails;

/// The messages of `grpc.health.v1`.
pub mod health {
    pub use tonic_health::pb::health_check_response::ServingStatus;
    pub use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
}

/// A stream of messages that ends at the first error.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;
