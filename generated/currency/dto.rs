//! Package `currency.dto`.
#[derive(Clone, PartialEq, Eq, Hash, ::nautil::prost::Message)]
#[prost(prost_path = "::nautil::prost")]
pub struct GetRateRequest {
    #[prost(string, tag = "1")]
    pub ticker: ::nautil::prost::alloc::string::String,
}
impl ::nautil::prost::Name for GetRateRequest {
    const NAME: &'static str = "GetRateRequest";
    const PACKAGE: &'static str = "currency.dto";
    fn full_name() -> ::nautil::prost::alloc::string::String {
        "currency.dto.GetRateRequest".into()
    }
    fn type_url() -> ::nautil::prost::alloc::string::String {
        "type.googleapis.com/currency.dto.GetRateRequest".into()
    }
}
#[derive(Clone, PartialEq, Eq, Hash, ::nautil::prost::Message)]
#[prost(prost_path = "::nautil::prost")]
pub struct CurrencyRateResponse {
    #[prost(string, tag = "1")]
    pub ticker: ::nautil::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub rate: ::nautil::prost::alloc::string::String,
}
impl ::nautil::prost::Name for CurrencyRateResponse {
    const NAME: &'static str = "CurrencyRateResponse";
    const PACKAGE: &'static str = "currency.dto";
    fn full_name() -> ::nautil::prost::alloc::string::String {
        "currency.dto.CurrencyRateResponse".into()
    }
    fn type_url() -> ::nautil::prost::alloc::string::String {
        "type.googleapis.com/currency.dto.CurrencyRateResponse".into()
    }
}
