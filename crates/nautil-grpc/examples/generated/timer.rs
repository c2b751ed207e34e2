//! Package `timer`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::nautil_grpc::prost::Message)]
#[prost(prost_path = "::nautil_grpc::prost")]
pub struct WaitRequest {
    /// How long to wait; it must not be negative.
    #[prost(message, optional, tag = "1")]
    pub time: ::core::option::Option<::nautil_grpc::prost_types::Duration>,
}
impl ::nautil_grpc::prost::Name for WaitRequest {
    const NAME: &'static str = "WaitRequest";
    const PACKAGE: &'static str = "timer";
    fn full_name() -> ::nautil_grpc::prost::alloc::string::String {
        "timer.WaitRequest".into()
    }
    fn type_url() -> ::nautil_grpc::prost::alloc::string::String {
        "type.googleapis.com/timer.WaitRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::nautil_grpc::prost::Message)]
#[prost(prost_path = "::nautil_grpc::prost")]
pub struct WaitResponse {}
impl ::nautil_grpc::prost::Name for WaitResponse {
    const NAME: &'static str = "WaitResponse";
    const PACKAGE: &'static str = "timer";
    fn full_name() -> ::nautil_grpc::prost::alloc::string::String {
        "timer.WaitResponse".into()
    }
    fn type_url() -> ::nautil_grpc::prost::alloc::string::String {
        "type.googleapis.com/timer.WaitResponse".into()
    }
}
/// Answers late, on purpose.
#[::nautil_grpc::async_trait]
pub trait TimerServiceInterface: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Answers when the time is over.
    async fn wait(
        &self,
        request: ::nautil_grpc::Request<WaitRequest>,
    ) -> ::core::result::Result<
        ::nautil_grpc::Response<WaitResponse>,
        ::nautil_grpc::Status,
    >;
}
impl ::nautil_grpc::Service for dyn TimerServiceInterface {
    const NAME: &'static str = "timer.TimerService";
    const METHODS: &'static [::nautil_grpc::Method] = &[
        ::nautil_grpc::Method::new(
                "/timer.TimerService/Wait",
                ::nautil_grpc::MethodKind::Unary,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
    ];
    const DESCRIPTOR_SET: &'static [u8] = super::DESCRIPTOR_SET;
    const HOST_VARIABLE: &'static str = "TIMER_SERVICE_HOST";
    fn handle(
        service: &::std::sync::Arc<Self>,
        method: &str,
        call: ::nautil_grpc::server::Call,
    ) -> ::nautil_grpc::server::Reply {
        let service = ::std::sync::Arc::clone(service);
        match method {
            "Wait" => {
                call.unary(move |request| async move {
                    TimerServiceInterface::wait(&*service, request).await
                })
            }
            _ => call.unimplemented(),
        }
    }
    fn client(channel: ::nautil_grpc::Channel) -> ::std::sync::Arc<Self> {
        ::std::sync::Arc::new(TimerServiceClient::new(channel))
    }
}
/// The client of `timer.TimerService`: each call goes to the server at the other end of its channel.
#[derive(Debug, Clone)]
pub struct TimerServiceClient {
    channel: ::nautil_grpc::Channel,
}
impl TimerServiceClient {
    /// Calls through `channel`.
    pub fn new(channel: ::nautil_grpc::Channel) -> Self {
        Self { channel }
    }
}
#[::nautil_grpc::async_trait]
impl TimerServiceInterface for TimerServiceClient {
    async fn wait(
        &self,
        request: ::nautil_grpc::Request<WaitRequest>,
    ) -> ::core::result::Result<
        ::nautil_grpc::Response<WaitResponse>,
        ::nautil_grpc::Status,
    > {
        let method = &<dyn TimerServiceInterface as ::nautil_grpc::Service>::METHODS[0];
        self.channel.unary(method, request).await
    }
}
