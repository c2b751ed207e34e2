//! Package `greeting`.
#[derive(Clone, PartialEq, Eq, Hash, ::nautil_grpc::prost::Message)]
#[prost(prost_path = "::nautil_grpc::prost")]
pub struct GreetRequest {
    /// Who is greeted; it must not be empty.
    #[prost(string, tag = "1")]
    pub name: ::nautil_grpc::prost::alloc::string::String,
}
impl ::nautil_grpc::prost::Name for GreetRequest {
    const NAME: &'static str = "GreetRequest";
    const PACKAGE: &'static str = "greeting";
    fn full_name() -> ::nautil_grpc::prost::alloc::string::String {
        "greeting.GreetRequest".into()
    }
    fn type_url() -> ::nautil_grpc::prost::alloc::string::String {
        "type.googleapis.com/greeting.GreetRequest".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::nautil_grpc::prost::Message)]
#[prost(prost_path = "::nautil_grpc::prost")]
pub struct GreetResponse {
    #[prost(string, tag = "1")]
    pub text: ::nautil_grpc::prost::alloc::string::String,
}
impl ::nautil_grpc::prost::Name for GreetResponse {
    const NAME: &'static str = "GreetResponse";
    const PACKAGE: &'static str = "greeting";
    fn full_name() -> ::nautil_grpc::prost::alloc::string::String {
        "greeting.GreetResponse".into()
    }
    fn type_url() -> ::nautil_grpc::prost::alloc::string::String {
        "type.googleapis.com/greeting.GreetResponse".into()
    }
}
/// Greets whoever calls.
#[::nautil_grpc::async_trait]
pub trait GreetingServiceInterface: ::core::marker::Send + ::core::marker::Sync + 'static {
    async fn greet(
        &self,
        request: ::nautil_grpc::Request<GreetRequest>,
    ) -> ::core::result::Result<
        ::nautil_grpc::Response<GreetResponse>,
        ::nautil_grpc::Status,
    >;
}
impl ::nautil_grpc::Service for dyn GreetingServiceInterface {
    const NAME: &'static str = "greeting.GreetingService";
    const METHODS: &'static [::nautil_grpc::Method] = &[
        ::nautil_grpc::Method::new(
                "/greeting.GreetingService/Greet",
                ::nautil_grpc::MethodKind::Unary,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
    ];
    const DESCRIPTOR_SET: &'static [u8] = super::DESCRIPTOR_SET;
    const HOST_VARIABLE: &'static str = "GREETING_SERVICE_HOST";
    fn handle(
        service: &::std::sync::Arc<Self>,
        method: &str,
        call: ::nautil_grpc::server::Call,
    ) -> ::nautil_grpc::server::Reply {
        let service = ::std::sync::Arc::clone(service);
        match method {
            "Greet" => {
                call.unary(move |request| async move {
                    GreetingServiceInterface::greet(&*service, request).await
                })
            }
            _ => call.unimplemented(),
        }
    }
    fn client(channel: ::nautil_grpc::Channel) -> ::std::sync::Arc<Self> {
        ::std::sync::Arc::new(GreetingServiceClient::new(channel))
    }
}
/// The client of `greeting.GreetingService`: each call goes to the server at the other end of its channel.
#[derive(Debug, Clone)]
pub struct GreetingServiceClient {
    channel: ::nautil_grpc::Channel,
}
impl GreetingServiceClient {
    /// Calls through `channel`.
    pub fn new(channel: ::nautil_grpc::Channel) -> Self {
        Self { channel }
    }
}
#[::nautil_grpc::async_trait]
impl GreetingServiceInterface for GreetingServiceClient {
    async fn greet(
        &self,
        request: ::nautil_grpc::Request<GreetRequest>,
    ) -> ::core::result::Result<
        ::nautil_grpc::Response<GreetResponse>,
        ::nautil_grpc::Status,
    > {
        let method = &<dyn GreetingServiceInterface as ::nautil_grpc::Service>::METHODS[0];
        self.channel.unary(method, request).await
    }
}
