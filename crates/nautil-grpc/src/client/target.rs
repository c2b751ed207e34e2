//! Who is called: what a failed call names.

/// Which service is called, and which variable says where it is: what a failed call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The full protobuf name: `currency.CurrencyRateService`.
    pub service: &'static str,
    /// The variable that sets the host: `CURRENCY_RATE_SERVICE_HOST`.
    pub variable: &'static str,
}
