//! Currency rates, the whole story: where they come from, who serves them, who asks for them.

use nautil::{Bootloader, Init};

use crate::endpoint::console::GetCurrencyRate;
use crate::endpoint::grpc::CurrencyRateService;
use crate::infrastructure::{RandomRateSource, RatesConfig};

/// Section `rates`, the service `currency.CurrencyRateService`, the command `grpc:get-currency-rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatesBootloader;

impl Bootloader for RatesBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<RatesConfig>()
            .bind::<RandomRateSource>()
            .serve::<CurrencyRateService>()
            .command::<GetCurrencyRate>();
    }
}
