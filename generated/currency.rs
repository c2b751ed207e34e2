//! Package `currency`.
pub mod dto;
/// The service `currency.CurrencyRateService`.
#[::nautil::async_trait]
pub trait CurrencyRateServiceInterface: ::nautil::container::Interface {
    async fn get_rate(
        &self,
        request: ::nautil::grpc::Request<dto::GetRateRequest>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<dto::CurrencyRateResponse>,
        ::nautil::grpc::Status,
    >;
}
impl ::nautil::grpc::Service for dyn CurrencyRateServiceInterface {
    const NAME: &'static str = "currency.CurrencyRateService";
    const METHODS: &'static [::nautil::grpc::Method] = &[
        ::nautil::grpc::Method::new(
                "/currency.CurrencyRateService/GetRate",
                ::nautil::grpc::MethodKind::Unary,
            )
            .with_descriptor_set(super::DESCRIPTOR_SET),
    ];
    const DESCRIPTOR_SET: &'static [u8] = super::DESCRIPTOR_SET;
    const HOST_VARIABLE: &'static str = "CURRENCY_RATE_SERVICE_HOST";
    fn handle(
        service: &::std::sync::Arc<Self>,
        method: &str,
        call: ::nautil::grpc::server::Call,
    ) -> ::nautil::grpc::server::Reply {
        let service = ::std::sync::Arc::clone(service);
        match method {
            "GetRate" => {
                call.unary(move |request| async move {
                    CurrencyRateServiceInterface::get_rate(&*service, request).await
                })
            }
            _ => call.unimplemented(),
        }
    }
    fn client(channel: ::nautil::grpc::Channel) -> ::std::sync::Arc<Self> {
        ::std::sync::Arc::new(CurrencyRateServiceClient::new(channel))
    }
}
/// The client of `currency.CurrencyRateService`: each call goes to the server at the other end of its channel.
#[derive(Debug, Clone)]
pub struct CurrencyRateServiceClient {
    channel: ::nautil::grpc::Channel,
}
impl CurrencyRateServiceClient {
    /// Calls through `channel`.
    pub fn new(channel: ::nautil::grpc::Channel) -> Self {
        Self { channel }
    }
}
#[::nautil::async_trait]
impl CurrencyRateServiceInterface for CurrencyRateServiceClient {
    async fn get_rate(
        &self,
        request: ::nautil::grpc::Request<dto::GetRateRequest>,
    ) -> ::core::result::Result<
        ::nautil::grpc::Response<dto::CurrencyRateResponse>,
        ::nautil::grpc::Status,
    > {
        let method = &<dyn CurrencyRateServiceInterface as ::nautil::grpc::Service>::METHODS[0];
        self.channel.unary(method, request).await
    }
}
