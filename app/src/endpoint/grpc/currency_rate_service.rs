//! `currency.CurrencyRateService`.

use std::sync::Arc;

use nautil::grpc::{Request, Response, Status};
use shaku::Component;

use super::status::{invalid_ticker, no_rate};
use crate::domain::{RateSource, Ticker};
use crate::generated::currency::CurrencyRateServiceInterface;
use crate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};

/// Answers with the rates of the bound [`RateSource`].
#[derive(Component)]
#[shaku(interface = CurrencyRateServiceInterface)]
pub struct CurrencyRateService {
    #[shaku(inject)]
    rates: Arc<dyn RateSource>,
}

#[nautil::async_trait]
impl CurrencyRateServiceInterface for CurrencyRateService {
    async fn get_rate(
        &self,
        request: Request<GetRateRequest>,
    ) -> Result<Response<CurrencyRateResponse>, Status> {
        let GetRateRequest { ticker } = request.into_inner();
        let ticker: Ticker = ticker.parse().map_err(|error| invalid_ticker(&error))?;
        let rate = self.rates.rate(&ticker).await;
        let rate = rate.map_err(|error| no_rate(&error))?;
        Ok(Response::new(CurrencyRateResponse {
            ticker: ticker.to_string(),
            rate: rate.to_string(),
        }))
    }
}
