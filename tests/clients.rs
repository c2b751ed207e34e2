//! Whether the port answers everybody, and each in their own terms.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use currency_rate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};
use currency_rate::generated::currency::{CurrencyRateServiceClient, CurrencyRateServiceInterface};
use nautil::grpc::client::{ClientConfig, Target};
use nautil::grpc::{Channel, Code, Request, Status, StatusExt};
use tokio_stream::once;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::support::{HOST, Project, Server, in_time};
use crate::wire::{DEADLINE_EXCEEDED, INTERNAL, INVALID_ARGUMENT, OK, UNIMPLEMENTED, Wire};

const SERVICE: &str = "currency.CurrencyRateService";
const METHOD: &str = "/currency.CurrencyRateService/GetRate";

fn client(server: &Server) -> CurrencyRateServiceClient {
    let target = Target {
        service: SERVICE,
        variable: HOST,
    };
    let config = ClientConfig {
        host: Some(server.address.to_string().parse().unwrap()),
        ..ClientConfig::default()
    };
    CurrencyRateServiceClient::new(Channel::connect(target, &config).unwrap())
}

async fn rate(
    client: &CurrencyRateServiceClient,
    ticker: &str,
) -> Result<CurrencyRateResponse, Status> {
    let ticker = ticker.to_owned();
    let request = Request::new(GetRateRequest { ticker });
    Ok(client.get_rate(request).await?.into_inner())
}

#[track_caller]
fn is_a_rate(answer: &CurrencyRateResponse) {
    let rates = ["70.00", "71.00", "72.00", "73.00", "74.00", "75.00"];
    assert_eq!(answer.ticker, "TRYUSD");
    assert!(rates.contains(&answer.rate.as_str()), "{answer:?}");
}

#[tokio::test]
async fn the_generated_client_is_answered() {
    let server = Project::new().serve();
    let client = client(&server);
    for ticker in ["TRYUSD", "tryusd"] {
        is_a_rate(&rate(&client, ticker).await.unwrap());
    }
}

#[tokio::test]
async fn an_invalid_ticker_is_a_bad_request_that_names_the_field() {
    let server = Project::new().serve();
    for ticker in ["", "TRY", "TRY/USD", "TRYUSDX"] {
        let status = rate(&client(&server), ticker).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert_eq!(violations[0].field, "ticker");
        let expected = format!("found {ticker:?}, expected six letters, such as \"TRYUSD\"");
        assert_eq!(violations[0].description, expected);
    }
}

#[tokio::test]
async fn what_is_not_served_is_unimplemented() {
    let server = Project::new().serve();
    let mut wire = Wire::connect(server.address).await;
    for (path, message) in [
        ("/currency.CurrencyRateService/GetRates", "unknown method"),
        ("/currency.GoldRateService/GetRate", "unknown service"),
        ("/currency.CurrencyRateService", "malformed path"),
        ("/", "malformed path"),
    ] {
        let status = wire.call(path, b"").await;
        assert_eq!(status.code, UNIMPLEMENTED, "{path}: {status:?}");
        assert!(
            status.message.starts_with(&message.replace(' ', "%20")),
            "{path}: {status:?}"
        );
    }
}

#[tokio::test]
async fn a_deadline_is_kept_and_one_that_cannot_be_read_is_refused() {
    let server = Project::new().serve();
    let mut wire = Wire::connect(server.address).await;
    for (timeout, code) in [
        ("10S", OK),
        ("1n", DEADLINE_EXCEEDED),
        ("-1S", INVALID_ARGUMENT),
        ("1X", INVALID_ARGUMENT),
        ("123456789S", INVALID_ARGUMENT),
    ] {
        let header = ("grpc-timeout", timeout);
        let status = wire.call_with(METHOD, header, b"\x0a\x06TRYUSD").await;
        assert_eq!(status.code, code, "{timeout}: {status:?}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_harms_no_other_call() {
    let server = Project::new().serve();
    let mut wire = Wire::connect(server.address).await;
    // A group that ends before it begins; a string that is longer than its message; a string that is no UTF-8.
    for garbage in [
        &b"\xff\xff\xff\xff"[..],
        b"\x0a\x7fTRY",
        b"\x0a\x02\xc3\x28",
    ] {
        let status = wire.call(METHOD, garbage).await;
        assert_eq!(status.code, INTERNAL, "{garbage:?}: {status:?}");
        // The same connection goes on.
        let status = wire.call(METHOD, b"\x0a\x06TRYUSD").await;
        assert_eq!((status.code, status.message.as_str()), (0, ""));
    }
}

#[tokio::test]
async fn strangers_are_sent_away_and_the_next_caller_is_served() {
    let server = Project::new().serve();
    let http = &b"GET / HTTP/1.1\r\nhost: rates\r\n\r\n"[..];
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for (bytes, answer) in [(http, "HTTP/1.1 505 "), (tls, ""), (&[0xff; 4096], "")] {
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        socket.write_all(bytes).unwrap();
        // Whoever asked in HTTP/1 hears so; the end of the connection, which may be a reset, is heard by all.
        let mut heard = Vec::new();
        let end = socket.read_to_end(&mut heard).map_err(|error| error.kind());
        assert_ne!(end, Err(ErrorKind::WouldBlock), "the connection stays");
        let heard = String::from_utf8_lossy(&heard);
        assert_eq!(heard.get(..answer.len()), Some(answer), "{heard}");
        assert_eq!(heard.is_empty(), answer.is_empty(), "{heard}");
        is_a_rate(&rate(&client(&server), "TRYUSD").await.unwrap());
    }
}

#[tokio::test]
async fn health_knows_the_server_and_its_services_and_no_others() {
    let server = Project::new().serve();
    let mut health = HealthClient::new(server.channel().await);
    let mut check = async |service: &str| {
        let service = service.to_owned();
        let answer = in_time(health.check(HealthCheckRequest { service })).await;
        answer.map(|answer| answer.into_inner().status())
    };
    for service in ["", SERVICE] {
        assert_eq!(
            check(service).await.unwrap(),
            ServingStatus::Serving,
            "{service:?}"
        );
    }
    let status = check("currency.GoldRateService").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn reflection_lists_the_service_in_both_versions() {
    let server = Project::new().serve();
    macro_rules! listed {
        ($version:ident) => {{
            use $version::server_reflection_client::ServerReflectionClient;
            use $version::server_reflection_request::MessageRequest;
            use $version::server_reflection_response::MessageResponse;
            let mut client = ServerReflectionClient::new(server.channel().await);
            let question = $version::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let call = in_time(client.server_reflection_info(once(question)))
                .await
                .unwrap();
            let answer = in_time(call.into_inner().message()).await.unwrap().unwrap();
            match answer.message_response {
                Some(MessageResponse::ListServicesResponse(list)) => list
                    .service
                    .into_iter()
                    .map(|service| service.name)
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        }};
    }
    for names in [listed!(v1), listed!(v1alpha)] {
        assert!(names.iter().any(|name| name == SERVICE), "{names:?}");
    }
}
