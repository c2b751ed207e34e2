//! `test.Rates`, written by hand over plain tonic.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::{BoxStream, Channel, Method, MethodKind};
use tokio::net::TcpListener;
use tokio::sync::{Barrier, mpsc};
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::{ServerTlsConfig, TcpIncoming};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt};
use tower::service_fn;

pub(crate) const GET: &Method = &Method::new("/test.Rates/Get", MethodKind::Unary);
pub(crate) const WATCH: &Method = &Method::new("/test.Rates/Watch", MethodKind::ServerStreaming);
pub(crate) const SUM: &Method = &Method::new("/test.Rates/Sum", MethodKind::ClientStreaming);
pub(crate) const ECHO: &Method = &Method::new("/test.Rates/Echo", MethodKind::Streaming);
pub(crate) const WEB: &Method = &Method::new("/test.Rates/index.html", MethodKind::Unary);

pub(crate) const TARGET: Target = Target {
    service: "test.Rates",
    variable: "RATES_HOST",
};

/// How many calls of `meet` wait for each other.
pub(crate) const MEETING: usize = 50;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Text {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

pub(crate) fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
    }
}

pub(crate) fn texts(texts: &[&str]) -> BoxStream<Text> {
    let texts: Vec<_> = texts.iter().map(|it| Ok(text(it))).collect();
    Box::pin(stream::iter(texts))
}

/// The service; it reports how each stream of a caller ended.
#[derive(Clone)]
pub(crate) struct Rates {
    ends: mpsc::UnboundedSender<String>,
    meeting: Arc<Barrier>,
}

pub(crate) type Ends = mpsc::UnboundedReceiver<String>;

impl Rates {
    pub(crate) fn new() -> (Self, Ends) {
        let (ends, seen) = mpsc::unbounded_channel();
        let meeting = Arc::new(Barrier::new(MEETING));
        (Self { ends, meeting }, seen)
    }
}

/// What hangs fails instead.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("the test hangs")
}

/// Serves on a free port.
pub(crate) async fn serve() -> (SocketAddr, Ends) {
    serve_tls(None).await
}

pub(crate) async fn serve_tls(tls: Option<ServerTlsConfig>) -> (SocketAddr, Ends) {
    let (rates, ends) = Rates::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).unwrap();
    }
    let incoming = TcpIncoming::from(listener);
    tokio::spawn(server.add_service(rates).serve_with_incoming(incoming));
    (address, ends)
}

pub(crate) fn config(host: impl ToString) -> ClientConfig {
    ClientConfig {
        host: Some(host.to_string().parse().unwrap()),
        ..ClientConfig::default()
    }
}

pub(crate) fn channel(host: impl ToString) -> Channel {
    Channel::connect(TARGET, &config(host)).unwrap()
}

async fn get(rates: Rates, request: Request<Text>) -> Result<Response<Text>, Status> {
    let said = match request.get_ref().text.as_str() {
        "fail" => {
            let mut status = Status::invalid_argument("ticker: six letters are needed");
            status
                .metadata_mut()
                .insert("x-rule", "letters".parse().unwrap());
            return Err(status);
        }
        "details" => {
            let mut details = ErrorDetails::new();
            details.add_bad_request_violation("ticker", "six letters are needed");
            details.add_bad_request_violation("amount", "above zero");
            let message = "amount: above zero";
            return Err(Status::with_error_details(
                Code::InvalidArgument,
                message,
                details,
            ));
        }
        "two lines" => return Err(Status::internal("one\ntwo\u{1b}[2J")),
        "silent" => return Err(Status::aborted("")),
        "hang" => pending().await,
        "meet" => {
            rates.meeting.wait().await;
            "met".to_owned()
        }
        "grpc-timeout" => match request.metadata().get("grpc-timeout") {
            Some(timeout) => timeout.to_str().unwrap().to_owned(),
            None => "none".to_owned(),
        },
        "big" => "x".repeat(2048),
        other => other.to_owned(),
    };
    Ok(Response::new(text(&said)))
}

type Texts = Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;

async fn watch(request: Request<Text>) -> Result<Response<Texts>, Status> {
    let timeout = match request.metadata().get("grpc-timeout") {
        Some(timeout) => timeout.to_str().unwrap().to_owned(),
        None => "none".to_owned(),
    };
    let texts: Texts = match request.get_ref().text.as_str() {
        "hang" => pending().await,
        "hang later" => Box::pin(texts(&["first"]).chain(stream::pending())),
        "fail later" => Box::pin(
            texts(&["first"]).chain(stream::iter([Err(Status::data_loss("the book is lost"))])),
        ),
        "grpc-timeout" => texts(&[&timeout]),
        "endless" => Box::pin(stream::repeat(()).then(|()| async {
            tokio::task::yield_now().await;
            Ok(text("more"))
        })),
        _ => texts(&["one", "two", "three"]),
    };
    Ok(Response::new(texts))
}

async fn sum(rates: Rates, request: Request<Streaming<Text>>) -> Result<Response<Text>, Status> {
    let mut texts = request.into_inner();
    let mut all = Vec::new();
    loop {
        match texts.message().await {
            Ok(Some(message)) if message.text == "enough" => {
                return Err(Status::out_of_range("that is enough"));
            }
            Ok(Some(message)) => all.push(message.text),
            Ok(None) => {
                let _ = rates.ends.send(format!("end after {}", all.join(" ")));
                return Ok(Response::new(text(&all.join(" "))));
            }
            Err(status) => {
                let _ = rates
                    .ends
                    .send(format!("{:?} after {}", status.code(), all.join(" ")));
                return Err(status);
            }
        }
    }
}

async fn echo(rates: Rates, request: Request<Streaming<Text>>) -> Result<Response<Texts>, Status> {
    let (replies, answers) = mpsc::unbounded_channel();
    let mut texts = request.into_inner();
    // A task of its own, so that it outlives the call and can tell how it ended.
    tokio::spawn(async move {
        let end = loop {
            match texts.message().await {
                Ok(Some(message)) => {
                    let _ = replies.send(Ok(message));
                }
                Ok(None) => break "end".to_owned(),
                Err(status) => break format!("{:?}", status.code()),
            }
        };
        let _ = rates.ends.send(end);
    });
    let answers: Texts = Box::pin(stream::unfold(answers, async |mut answers| {
        answers.recv().await.map(|answer| (answer, answers))
    }));
    Ok(Response::new(answers))
}

impl tower::Service<http::Request<Body>> for Rates {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let rates = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Text, Text>::default());
            let path = request.uri().path().to_owned();
            Ok(match path.as_str() {
                path if path == GET.path() => {
                    let get = service_fn(|request| get(rates.clone(), request));
                    grpc.unary(get, request).await
                }
                path if path == WATCH.path() => {
                    grpc.server_streaming(service_fn(watch), request).await
                }
                path if path == SUM.path() => {
                    let sum = service_fn(|request| sum(rates.clone(), request));
                    grpc.client_streaming(sum, request).await
                }
                path if path == ECHO.path() => {
                    let echo = service_fn(|request| echo(rates.clone(), request));
                    grpc.streaming(echo, request).await
                }
                _ => http::Response::builder()
                    .status(404)
                    .header("content-type", "text/html")
                    .body(Body::empty())
                    .unwrap(),
            })
        })
    }
}

impl NamedService for Rates {
    const NAME: &'static str = "test.Rates";
}
