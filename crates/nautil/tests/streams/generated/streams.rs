//! Package `streams`.
#[derive(Clone, PartialEq, Eq, Hash, ::nautil::prost::Message)]
#[prost(prost_path = "::nautil::prost")]
pub struct Words {
    #[prost(string, tag = "1")]
    pub text: ::nautil::prost::alloc::string::String,
}
impl ::nautil::prost::Name for Words {
    const NAME: &'static str = "Words";
    const PACKAGE: &'static str = "streams";
    fn full_name() -> ::nautil::prost::alloc::string::String {
        "streams.Words".into()
    }
    fn type_url() -> ::nautil::prost::alloc::string::String {
        "type.googleapis.com/streams.Words".into()
    }
}
/// One of each kind.
#[::nautil::async_trait]
pub trait EchoServiceInterface: ::nautil::container::Interface {
    /// One in, one out.
    async fn say(
        &self,
        request: ::nautil::grpc::Request<Words>,
    ) -> ::core::result::Result<::nautil::grpc::Response<Words>, ::nautil::grpc::Status>;
    /// One in, as many out as it has words.
    async fn split(
        &self,
        request: ::nautil::grpc::Request<Words>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<::nautil::grpc::BoxStream<Words>>,
        ::nautil::grpc::Status,
    >;
    /// All in, one out.
    async fn join(
        &self,
        request: ::nautil::grpc::Request<::nautil::grpc::BoxStream<Words>>,
    ) -> ::core::result::Result<::nautil::grpc::Response<Words>, ::nautil::grpc::Status>;
    /// Each in, each out, as they come.
    async fn repeat(
        &self,
        request: ::nautil::grpc::Request<::nautil::grpc::BoxStream<Words>>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<::nautil::grpc::BoxStream<Words>>,
        ::nautil::grpc::Status,
    >;
}
impl ::nautil::grpc::Service for dyn EchoServiceInterface {
    const NAME: &'static str = "streams.EchoService";
    const METHODS: &'static [::nautil::grpc::Method] = &[
        ::nautil::grpc::Method::new(
                "/streams.EchoService/Say",
                ::nautil::grpc::MethodKind::Unary,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
        ::nautil::grpc::Method::new(
                "/streams.EchoService/Split",
                ::nautil::grpc::MethodKind::ServerStreaming,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
        ::nautil::grpc::Method::new(
                "/streams.EchoService/Join",
                ::nautil::grpc::MethodKind::ClientStreaming,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
        ::nautil::grpc::Method::new(
                "/streams.EchoService/Repeat",
                ::nautil::grpc::MethodKind::Streaming,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
    ];
    const DESCRIPTOR_SET: &'static [u8] = super::DESCRIPTOR_SET;
    const HOST_VARIABLE: &'static str = "ECHO_SERVICE_HOST";
    fn handle(
        service: &::std::sync::Arc<Self>,
        method: &str,
        call: ::nautil::grpc::server::Call,
    ) -> ::nautil::grpc::server::Reply {
        let service = ::std::sync::Arc::clone(service);
        match method {
            "Say" => {
                call.unary(move |request| async move {
                    EchoServiceInterface::say(&*service, request).await
                })
            }
            "Split" => {
                call.server_streaming(move |request| async move {
                    EchoServiceInterface::split(&*service, request).await
                })
            }
            "Join" => {
                call.client_streaming(move |request| async move {
                    EchoServiceInterface::join(&*service, request).await
                })
            }
            "Repeat" => {
                call.streaming(move |request| async move {
                    EchoServiceInterface::repeat(&*service, request).await
                })
            }
            _ => call.unimplemented(),
        }
    }
    fn client(channel: ::nautil::grpc::Channel) -> ::std::sync::Arc<Self> {
        ::std::sync::Arc::new(EchoServiceClient::new(channel))
    }
}
/// The client of `streams.EchoService`: each call goes to the server at the other end of its channel.
#[derive(Debug, Clone)]
pub struct EchoServiceClient {
    channel: ::nautil::grpc::Channel,
}
impl EchoServiceClient {
    /// Calls through `channel`.
    pub fn new(channel: ::nautil::grpc::Channel) -> Self {
        Self { channel }
    }
}
#[::nautil::async_trait]
impl EchoServiceInterface for EchoServiceClient {
    async fn say(
        &self,
        request: ::nautil::grpc::Request<Words>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<Words>,
        ::nautil::grpc::Status,
    > {
        let method = &<dyn EchoServiceInterface as ::nautil::grpc::Service>::METHODS[0];
        self.channel.unary(method, request).await
    }
    async fn split(
        &self,
        request: ::nautil::grpc::Request<Words>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<::nautil::grpc::BoxStream<Words>>,
        ::nautil::grpc::Status,
    > {
        let method = &<dyn EchoServiceInterface as ::nautil::grpc::Service>::METHODS[1];
        self.channel.server_streaming(method, request).await
    }
    async fn join(
        &self,
        request: ::nautil::grpc::Request<::nautil::grpc::BoxStream<Words>>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<Words>,
        ::nautil::grpc::Status,
    > {
        let method = &<dyn EchoServiceInterface as ::nautil::grpc::Service>::METHODS[2];
        self.channel.client_streaming(method, request).await
    }
    async fn repeat(
        &self,
        request: ::nautil::grpc::Request<::nautil::grpc::BoxStream<Words>>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<::nautil::grpc::BoxStream<Words>>,
        ::nautil::grpc::Status,
    > {
        let method = &<dyn EchoServiceInterface as ::nautil::grpc::Service>::METHODS[3];
        self.channel.streaming(method, request).await
    }
}
