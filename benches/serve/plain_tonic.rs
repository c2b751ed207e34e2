//! The peer: the same service on `tonic::transport::Server` and the default runtime.
//!
//! The adapter between service and server is what tonic's generator writes for `proto/currency/service.proto`.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use currency_rate::domain::{Rate, Ticker};
use currency_rate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};
use rand::RngExt;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

/// Serves until it is killed, and says on standard output where.
#[tokio::main]
pub(crate) async fn serve() -> anyhow::Result<()> {
    // `serve(address)` would set TCP_NODELAY by itself, but not say which port it got.
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    println!("listening on {}", incoming.local_addr()?);
    Server::builder()
        .add_service(CurrencyRateServiceServer::new(RandomRates))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

/// The app's service and its random source in one: the same parse, the same draw, the same texts.
struct RandomRates;

#[tonic::async_trait]
impl CurrencyRateService for RandomRates {
    async fn get_rate(
        &self,
        request: Request<GetRateRequest>,
    ) -> Result<Response<CurrencyRateResponse>, Status> {
        let ticker: Ticker = request
            .into_inner()
            .ticker
            .parse()
            .map_err(|error| Status::invalid_argument(format!("{error}")))?;
        let whole = rand::rng().random_range(70..=75_u64);
        let rate = Rate::from_hundredths(whole * 100);
        Ok(Response::new(CurrencyRateResponse {
            ticker: ticker.to_string(),
            rate: rate.to_string(),
        }))
    }
}

#[tonic::async_trait]
trait CurrencyRateService: Send + Sync + 'static {
    async fn get_rate(
        &self,
        request: Request<GetRateRequest>,
    ) -> Result<Response<CurrencyRateResponse>, Status>;
}

struct CurrencyRateServiceServer<T> {
    inner: Arc<T>,
}

struct GetRateSvc<T>(Arc<T>);

impl<T> CurrencyRateServiceServer<T> {
    fn new(inner: T) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }
}

impl<T: CurrencyRateService> UnaryService<GetRateRequest> for GetRateSvc<T> {
    type Response = CurrencyRateResponse;
    type Future = BoxFuture<Response<Self::Response>, Status>;

    fn call(&mut self, request: Request<GetRateRequest>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { <T as CurrencyRateService>::get_rate(&inner, request).await })
    }
}

impl<T, B> tonic::codegen::Service<http::Request<B>> for CurrencyRateServiceServer<T>
where
    T: CurrencyRateService,
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<tonic::codegen::StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        match request.uri().path() {
            "/currency.CurrencyRateService/GetRate" => {
                let inner = Arc::clone(&self.inner);
                Box::pin(async move {
                    let method = GetRateSvc(inner);
                    let mut grpc = Grpc::new(ProstCodec::default())
                        .apply_compression_config(Default::default(), Default::default())
                        .apply_max_message_size_config(None, None);
                    Ok(grpc.unary(method, request).await)
                })
            }
            _ => Box::pin(async move {
                let mut response = http::Response::new(Body::default());
                let headers = response.headers_mut();
                headers.insert(Status::GRPC_STATUS, (Code::Unimplemented as i32).into());
                headers.insert(
                    http::header::CONTENT_TYPE,
                    tonic::metadata::GRPC_CONTENT_TYPE,
                );
                Ok(response)
            }),
        }
    }
}

impl<T> Clone for CurrencyRateServiceServer<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<T> NamedService for CurrencyRateServiceServer<T> {
    const NAME: &'static str = "currency.CurrencyRateService";
}
