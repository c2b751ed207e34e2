//! The kernel without a port, with another source of rates.

use std::sync::Arc;

use async_trait::async_trait;
use currency_rate::Kernel;
use currency_rate::domain::{Rate, RateError, RateSource, Ticker};
use currency_rate::generated::currency::CurrencyRateServiceInterface;
use currency_rate::generated::currency::dto::GetRateRequest;
use nautil::console;
use nautil::grpc::{Code, Request, Status};
use nautil::testing::TestKernel;

use crate::source::{Page, marked};

/// What nobody outside is to read.
const SECRET: &str = "password authentication failed for user \"rates\"";

struct Fixed;
struct Empty;
struct Down;

#[async_trait]
impl RateSource for Fixed {
    async fn rate(&self, _: &Ticker) -> Result<Rate, RateError> {
        Ok(Rate::from_hundredths(7_500))
    }
}

#[async_trait]
impl RateSource for Empty {
    async fn rate(&self, ticker: &Ticker) -> Result<Rate, RateError> {
        Err(RateError::Unknown(ticker.clone()))
    }
}

#[async_trait]
impl RateSource for Down {
    async fn rate(&self, _: &Ticker) -> Result<Rate, RateError> {
        Err(RateError::Unavailable(SECRET.into()))
    }
}

fn kernel(rates: impl RateSource) -> TestKernel<Kernel> {
    let rates: Arc<dyn RateSource> = Arc::new(rates);
    TestKernel::of(Kernel).replace(rates)
}

async fn status(rates: impl RateSource) -> Status {
    let app = kernel(rates).start().await.unwrap();
    let client = app.get::<dyn CurrencyRateServiceInterface>().unwrap();
    let ticker = "TRYUSD".to_owned();
    let answer = client
        .get_rate(Request::new(GetRateRequest { ticker }))
        .await;
    app.stop().await.unwrap();
    answer.unwrap_err()
}

#[tokio::test]
async fn the_documentation_shows_how() {
    // docs: begin
    let rates: Arc<dyn RateSource> = Arc::new(Fixed);
    let kernel = TestKernel::of(Kernel).replace(rates);
    let called = kernel.console(["grpc:get-currency-rate", "TRYUSD"]).await;
    assert_eq!(called.out, "TRYUSD: 75.00\n");
    // docs: end

    let page = Page::read("docs/development.md");
    let shown: Vec<&str> = page.blocks("rust").map(|block| &*block.text).collect();
    assert_eq!(shown, [marked("tests/in_process.rs", "docs")]);
}

#[tokio::test]
async fn the_command_prints_the_rate_of_the_bound_source() {
    let called = kernel(Fixed)
        .console(["grpc:get-currency-rate", "tryusd"])
        .await;
    assert_eq!(called.code, console::Code::Done, "{called:?}");
    assert_eq!(called.out, "TRYUSD: 75.00\n");
    assert_eq!(called.err, "");
}

#[tokio::test]
async fn a_pair_that_nobody_trades_is_not_found() {
    let status = status(Empty).await;
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "there is no rate for TRYUSD");
}

#[tokio::test]
async fn the_cause_of_an_outage_is_not_sent_to_the_peer() {
    let status = status(Down).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the source of rates is unavailable");
    assert!(!format!("{status:?}").contains("password"), "{status:?}");

    let called = kernel(Down)
        .console(["grpc:get-currency-rate", "TRYUSD"])
        .await;
    assert_eq!(called.code, console::Code::Failed);
    assert!(
        called
            .err
            .contains("UNAVAILABLE: the source of rates is unavailable"),
        "{called:?}"
    );
    assert!(!called.err.contains("password"), "{called:?}");
}

#[tokio::test]
async fn the_bounds_of_the_rates_are_configured() {
    let kernel = TestKernel::of(Kernel)
        .env("APP_RATES__HIGHEST", "9")
        .config("rates.lowest=9");
    let called = kernel.console(["grpc:get-currency-rate", "TRYUSD"]).await;
    assert_eq!(called.out, "TRYUSD: 9.00\n", "{called:?}");
}

#[tokio::test]
async fn the_container_is_whole() {
    let called = TestKernel::of(Kernel).console(["container:check"]).await;
    assert_eq!(called.code, console::Code::Done, "{called:?}");
}
