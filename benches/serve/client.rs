//! A client of one connection: the control call, and how large its answer is.

use anyhow::{Context, ensure};
use currency_rate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

pub(crate) const METHOD: &str = "/currency.CurrencyRateService/GetRate";
pub(crate) const TICKER: &str = "TRYUSD";

#[derive(Debug)]
pub(crate) struct Client(Grpc<Channel>);

impl Client {
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?
            .connect()
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        Ok(Self(Grpc::new(channel)))
    }

    /// Asks for the rate.
    ///
    /// # Errors
    /// Anything but a rate that the random source can draw.
    pub(crate) async fn call(&mut self) -> anyhow::Result<CurrencyRateResponse> {
        self.0.ready().await?;
        let request = GetRateRequest {
            ticker: TICKER.to_owned(),
        };
        let codec = ProstCodec::<GetRateRequest, CurrencyRateResponse>::default();
        let response = self
            .0
            .unary(
                Request::new(request),
                PathAndQuery::from_static(METHOD),
                codec,
            )
            .await
            .context("the control call failed")?
            .into_inner();
        let rate: f64 = response.rate.parse().context("the rate is no number")?;
        ensure!(
            response.ticker == TICKER && (70.0..=75.0).contains(&rate),
            "the control call was answered with {response:?}"
        );
        Ok(response)
    }
}
