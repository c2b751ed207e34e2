//! `grpc:get-currency-rate`.

use std::sync::Arc;

use clap::Args;
use nautil::console::{Command, DynCommand, Failure, Output};
use nautil::grpc::Request;
use shaku::Component;

use crate::generated::currency::CurrencyRateServiceInterface;
use crate::generated::currency::dto::GetRateRequest;

/// Ask the server for the rate of a currency pair
#[derive(Debug, Args)]
pub struct GetCurrencyRateArguments {
    /// The pair, base before quote: TRYUSD
    ticker: String,
}

/// Prints what the bound client answers.
#[derive(Component)]
#[shaku(interface = DynCommand)]
pub struct GetCurrencyRate {
    #[shaku(inject)]
    client: Arc<dyn CurrencyRateServiceInterface>,
}

impl Command for GetCurrencyRate {
    const NAME: &'static str = "grpc:get-currency-rate";
    type Arguments = GetCurrencyRateArguments;

    async fn run(
        &self,
        arguments: GetCurrencyRateArguments,
        output: &Output,
    ) -> Result<(), Failure> {
        let request = Request::new(GetRateRequest {
            ticker: arguments.ticker,
        });
        let answer = self.client.get_rate(request).await?.into_inner();
        output.line(format_args!("{}: {}", answer.ticker, answer.rate));
        Ok(())
    }
}
