//! Package `currency.dto`.
#[derive(Clone, PartialEq, Eq, Hash, ::nautil::prost::Message)]
#[prost(prost_path = "::nautil::prost")]
pub struct GetRateRequest {
    #[prost(string, tag = "1")]
    pub ticker: ::nautil::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, Eq, Hash, ::nautil::prost::Message)]
#[prost(prost_path = "::nautil::prost")]
pub struct CurrencyRateResponse {
    #[prost(string, tag = "1")]
    pub ticker: ::nautil::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub rate: ::nautil::prost::alloc::string::String,
}
