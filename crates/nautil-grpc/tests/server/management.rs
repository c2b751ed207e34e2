//! The second port: health and metrics, whatever the workers do.

use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use nautil_grpc::server::{Mode, Pages, Server, ServerConfig, text};
use nautil_grpc::{Code, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::echo::{Echo, Text};
use crate::fixture::{
    Running, call, channel, config, in_time, logged_anywhere, modes, routes, send, start,
    start_server, unary,
};

fn managed(mut config: ServerConfig) -> Running {
    config.management.listen = Some("127.0.0.1:0".parse().unwrap());
    start(&config)
}

/// An exchange of HTTP/1.1, as text.
pub(crate) async fn http1(address: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("{request} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    in_time(socket.read_to_string(&mut response)).await.unwrap();
    response
}

/// The lines of the metrics.
pub(crate) async fn metrics(address: &str) -> Vec<String> {
    let response = http1(address, "GET /metrics").await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    body.lines().map(str::to_owned).collect()
}

/// The value of one metric.
fn value(lines: &[String], name: &str) -> Option<f64> {
    lines.iter().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(' ')?;
        value.parse().ok()
    })
}

/// Asks until the metric is as it should be.
pub(crate) async fn becomes(address: &str, name: &str, is_right: impl Fn(f64) -> bool) {
    let asking = async {
        loop {
            let lines = metrics(address).await;
            if value(&lines, name).is_some_and(&is_right) {
                return;
            }
        }
    };
    in_time(asking).await;
}

async fn check(address: &str, service: &str) -> Result<ServingStatus, Code> {
    let mut health = HealthClient::new(channel(address).await);
    let service = service.to_owned();
    let answer = in_time(health.check(HealthCheckRequest { service })).await;
    match answer {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) => Err(status.code()),
    }
}

#[tokio::test]
async fn health_is_that_of_the_server_and_stays_during_the_drain() {
    for config in modes() {
        let running = managed(config);
        let management = running.management();
        let mut client = running.client().await;
        // Before that it may still be starting.
        assert_eq!(unary(&mut client, "first").await.unwrap(), "first");
        assert_eq!(check(&management, "").await, Ok(ServingStatus::Serving));
        assert_eq!(
            check(&management, "echo.Echo").await,
            Ok(ServingStatus::Serving)
        );
        assert_eq!(check(&management, "echo.Nobody").await, Err(Code::NotFound));

        let mut watch = HealthClient::new(channel(&management).await);
        let watch = watch.watch(HealthCheckRequest::default()).await.unwrap();
        let mut watch = watch.into_inner();
        let mut next = async || in_time(watch.next()).await.unwrap().unwrap().status();
        assert_eq!(next().await, ServingStatus::Serving);

        let call = tokio::spawn(async move { unary(&mut client, "wait").await });
        in_time(running.echo.entered.notified()).await;
        running.stop.cancel();
        assert_eq!(next().await, ServingStatus::NotServing);
        for service in ["", "echo.Echo"] {
            assert_eq!(
                check(&management, service).await,
                Ok(ServingStatus::NotServing)
            );
        }

        running.echo.release.notify_one();
        assert_eq!(in_time(call).await.unwrap().unwrap(), "wait");
        assert!(running.stopped().await.is_clean());
        assert!(TcpStream::connect(&management).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_worker_fails_no_probe_and_counts_as_busy() {
    let mut config = config();
    config.workers = 1;
    let running = managed(config);
    let management = running.management();
    let mut client = running.client().await;
    let blocked = tokio::spawn(async move { unary(&mut client, "block").await });
    in_time(running.echo.entered.notified()).await;

    assert_eq!(check(&management, "").await, Ok(ServingStatus::Serving));
    becomes(&management, "nautil_saturation", |share| share > 0.5).await;
    let busy = "nautil_worker_busy_seconds_total{worker=\"1\"}";
    becomes(&management, busy, |seconds| seconds > 0.1).await;

    running.echo.unblock();
    assert_eq!(in_time(blocked).await.unwrap().unwrap(), "block");
}

#[tokio::test]
async fn everything_else_is_not_found() {
    let running = managed(config());
    let management = running.management();
    for request in ["GET /other", "POST /grpc.health.v1.Health/Check"] {
        let response = http1(&management, request).await;
        assert!(
            response.starts_with("HTTP/1.1 404 "),
            "{request}: {response}"
        );
    }
    let response = http1(&management, "POST /metrics").await;
    assert!(response.starts_with("HTTP/1.1 405 "), "{response}");
    assert!(response.contains("\r\nallow: GET, HEAD\r\n"), "{response}");

    let mut channel = channel(&management).await;
    let request = http::Request::get(format!("http://{management}/other"));
    let response = send(&mut channel, request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 404);
    let request = http::Request::get(format!("http://{management}/metrics"));
    let response = send(&mut channel, request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);

    let mut client = tonic::client::Grpc::new(channel);
    let status = unary(&mut client, "hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);

    // Nor are the metrics on the port of the calls.
    let response = http1(&running.address, "GET /metrics").await;
    assert!(response.starts_with("HTTP/1.1 505 "), "{response}");
}

/// A server with pages, which may take this long.
fn with_pages(pages: Pages, page_timeout: Duration) -> Running {
    let mut config = config();
    config.management.listen = Some("127.0.0.1:0".parse().unwrap());
    config.management.page_timeout = page_timeout;
    let echo = Arc::new(Echo::default());
    let routes = routes(&config, &echo);
    start_server(Server::bind(&config).unwrap().pages(pages), routes, echo)
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_page_answers_get_and_head_and_the_index_lists_it() {
    let mut pages = Pages::default();
    let shown = pages.add("/rates", "The rates that are known", |request| async move {
        text(format!("asked for {}", request.uri()))
    });
    shown.unwrap();
    let management = with_pages(pages, LONG).management();
    let response = http1(&management, "GET /rates?base=TRY").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(
        response.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"),
        "{response}"
    );
    assert!(
        response.ends_with("\r\n\r\nasked for /rates?base=TRY"),
        "{response}"
    );

    let mut channel = channel(&management).await;
    for path in ["/rates", "/metrics"] {
        let response = http1(&management, &format!("HEAD {path}")).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with("\r\n\r\n"), "{response}");
        let request = http::Request::head(format!("http://{management}{path}"));
        let response = send(&mut channel, request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        let length = response.headers()["content-length"].to_str().unwrap();
        assert!(length.parse::<usize>().unwrap() > 5, "{length}");
    }

    let index = http1(&management, "GET /").await;
    let (_, index) = index.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        index,
        "\
/livez  200 as long as the process answers
/metrics  Metrics, as OpenMetrics text
/rates  The rates that are known
/readyz  200 while the server takes calls, else 503; and each health check
grpc.health.v1.Health  over gRPC
"
    );
}

#[test]
fn a_path_that_is_none_or_is_taken_is_refused() {
    let mut pages = Pages::default();
    pages.add("/rates", "", |_| async { text("") }).unwrap();
    for (path, expected) in [
        ("rates", "page `rates`: a path begins with `/`"),
        ("", "page ``: a path begins with `/`"),
        (
            "/rates?x",
            "page `/rates?x`: a path has no query, no fragment and no blanks",
        ),
        (
            "/ra#tes",
            "page `/ra#tes`: a path has no query, no fragment and no blanks",
        ),
        (
            "/ra tes",
            "page `/ra tes`: a path has no query, no fragment and no blanks",
        ),
        ("/rates", "page `/rates` is there already"),
        ("/metrics", "page `/metrics` is there already"),
        ("/", "page `/` is there already"),
    ] {
        let error = pages.add(path, "", |_| async { text("") }).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_page_that_panics_is_logged_with_its_path_and_harms_no_other() {
    let log = logged_anywhere();
    let mut pages = Pages::default();
    let panics = pages.add("/panics", "", |request| async move {
        assert_eq!(request.uri(), "/", "as asked");
        text("")
    });
    panics.unwrap();
    pages.add("/fine", "", |_| async { text("fine") }).unwrap();
    let management = with_pages(pages, LONG).management();
    let response = http1(&management, "GET /panics").await;
    assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
    assert!(
        response.ends_with("\r\n\r\nthe page panicked\n"),
        "{response}"
    );
    let response = http1(&management, "GET /fine").await;
    assert!(response.ends_with("\r\n\r\nfine"), "{response}");
    let log = log.text();
    assert!(
        log.contains("a page of the management port panicked"),
        "{log}"
    );
    assert!(log.contains("/panics") && log.contains("as asked"), "{log}");
}

#[tokio::test]
async fn a_page_that_takes_too_long_or_blocks_is_not_waited_for_and_holds_up_no_probe() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let own = Arc::clone(&gate);
    let mut pages = Pages::default();
    let hangs = pages.add("/hangs", "", |_| std::future::pending());
    hangs.unwrap();
    let blocks = pages.add("/blocks", "", move |_| {
        let own = Arc::clone(&own);
        async move {
            let (is_open, changed) = &*own;
            let is_open = is_open.lock().unwrap();
            drop(changed.wait_while(is_open, |is_open| !*is_open).unwrap());
            text("open")
        }
    });
    blocks.unwrap();
    let management = with_pages(pages, Duration::from_millis(50)).management();
    for path in ["/hangs", "/blocks"] {
        let response = http1(&management, &format!("GET {path}")).await;
        assert!(response.starts_with("HTTP/1.1 503 "), "{path}: {response}");
        assert!(
            response.ends_with("\r\n\r\nthe page took too long\n"),
            "{response}"
        );
    }
    // Those who ask for the page that blocks take no more threads than it has places; `/hangs` lets go of its own.
    for _ in 0..7 {
        let response = http1(&management, "GET /blocks").await;
        assert!(response.ends_with("the page took too long\n"), "{response}");
    }
    let response = http1(&management, "GET /blocks").await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(
        response.ends_with("too many ask for this page at once\n"),
        "{response}"
    );
    for _ in 0..10 {
        let response = http1(&management, "GET /hangs").await;
        assert!(response.ends_with("the page took too long\n"), "{response}");
    }
    let response = http1(&management, "GET /livez").await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
}

#[tokio::test]
async fn metrics_are_open_metrics_that_name_their_units() {
    let running = managed(config());
    let response = http1(&running.management(), "GET /metrics").await;
    assert!(
        response.contains(
            "\r\ncontent-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
        ),
        "{response}"
    );
    for line in [
        "# TYPE nautil_saturation gauge",
        "# TYPE nautil_worker_busy_seconds counter",
        "# UNIT nautil_worker_busy_seconds seconds",
        "nautil_connections{worker=\"1\"} 0",
        "nautil_connections{worker=\"2\"} 0",
        "nautil_calls_in_flight{service=\"echo.Echo\",method=\"Unary\"} 0",
        "nautil_calls_total{service=\"echo.Echo\",method=\"Unary\",code=\"OK\"} 0",
        "nautil_connections_refused_total{limit=\"max_connections\"} 0",
        "nautil_connections_refused_total{limit=\"max_connections_per_address\"} 0",
        "# UNIT process_start_time_seconds seconds",
    ] {
        assert!(
            response.lines().any(|found| found == line),
            "{line}\n{response}"
        );
    }
    assert!(response.ends_with("# EOF\n"), "{response}");
}

#[tokio::test]
async fn calls_are_counted_by_how_they_ended() {
    for config in modes() {
        let running = managed(config);
        let management = running.management();
        let calls = |method: &str, code: &str| {
            format!(
                "nautil_calls_total{{service=\"echo.Echo\",method=\"{method}\",code=\"{code}\"}}"
            )
        };
        let mut client = running.client().await;
        unary(&mut client, "one").await.unwrap();
        unary(&mut client, "two").await.unwrap();
        unary(&mut client, "fail").await.unwrap_err();
        unary(&mut client, "large").await.unwrap_err();
        unary(&mut client, "panic").await.unwrap_err();
        let request = Request::new(Text::new("stream"));
        client.ready().await.unwrap();
        let path = http::uri::PathAndQuery::from_static("/echo.Echo/ServerStreaming");
        let codec = tonic_prost::ProstCodec::<Text, Text>::default();
        let stream = client.server_streaming(request, path, codec).await.unwrap();
        let items: Vec<_> = stream.into_inner().collect().await;
        assert_eq!(items.len(), 3);
        call(
            &mut client,
            "/echo.Echo/Nothing",
            Request::new(Text::new("")),
        )
        .await
        .unwrap_err();

        let waiting = {
            let mut client = client.clone();
            tokio::spawn(async move { unary(&mut client, "wait").await })
        };
        in_time(running.echo.entered.notified()).await;
        let in_flight = "nautil_calls_in_flight{service=\"echo.Echo\",method=\"Unary\"}";
        let lines = metrics(&management).await;
        assert_eq!(value(&lines, in_flight), Some(1.0));
        assert_eq!(value(&lines, &calls("Unary", "OK")), Some(2.0));
        assert_eq!(
            value(&lines, &calls("Unary", "FAILED_PRECONDITION")),
            Some(1.0)
        );
        assert_eq!(
            value(&lines, &calls("Unary", "RESOURCE_EXHAUSTED")),
            Some(1.0)
        );
        assert_eq!(value(&lines, &calls("Unary", "INTERNAL")), Some(1.0));
        assert_eq!(value(&lines, &calls("Unary", "CANCELLED")), None);
        assert_eq!(
            value(&lines, &calls("ServerStreaming", "DATA_LOSS")),
            Some(1.0)
        );
        assert!(!lines.iter().any(|line| line.contains("Nothing")));

        // The caller goes away.
        waiting.abort();
        becomes(&management, &calls("Unary", "CANCELLED"), |count| {
            count == 1.0
        })
        .await;
        becomes(&management, in_flight, |count| count == 0.0).await;
    }
}

#[tokio::test]
async fn connections_are_counted_and_those_refused_by_their_limit() {
    for mut config in modes() {
        config.workers = 1;
        config.limits.max_connections = 1;
        let mode = config.mode;
        let running = managed(config);
        let management = running.management();
        let worker = match mode {
            Mode::Shared => "shared",
            _ => "1",
        };
        let open = format!("nautil_connections{{worker=\"{worker}\"}}");
        let mut client = running.client().await;
        unary(&mut client, "here").await.unwrap();
        let lines = metrics(&management).await;
        assert_eq!(value(&lines, &open), Some(1.0));

        let mut refused = running.socket().await;
        assert_eq!(in_time(refused.read(&mut [0])).await.unwrap(), 0);
        let lines = metrics(&management).await;
        let refused = "nautil_connections_refused_total{limit=\"max_connections\"}";
        assert_eq!(value(&lines, refused), Some(1.0));

        drop(client);
        becomes(&management, &open, |count| count == 0.0).await;
    }
}

#[test]
fn a_management_port_that_is_taken_is_named_by_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut config = config();
    config.management.listen = Some(address.to_string().parse().unwrap());
    assert_eq!(
        Server::bind(&config).unwrap_err().to_string(),
        format!(
            "cannot listen on {address} (`server.management.listen`): the address is in use; \
             stop the other process"
        )
    );
}
