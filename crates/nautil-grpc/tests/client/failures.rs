//! The one line that a failed call prints.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use nautil_grpc::client::{ClientConfig, Failure, FailureKind, describe};
use nautil_grpc::{BoxStream, Channel, Code, Method, Request, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{GET, SUM, TARGET, Text, WEB, channel, config, serve, text, texts};

async fn failed(channel: &Channel, method: &'static Method, ask: &str) -> Status {
    let call = channel.unary::<_, Text>(method, Request::new(text(ask)));
    call.await.unwrap_err()
}

#[tokio::test]
async fn a_server_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let status = failed(&channel(address), GET, "").await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        Failure::of(&status).unwrap().kind(),
        FailureKind::Unreachable
    );
    assert_eq!(
        describe(&status),
        format!(
            "test.Rates at {address} (RATES_HOST) cannot be reached: UNAVAILABLE: connection refused; is the server running?"
        )
    );
}

#[tokio::test]
async fn a_socket_that_is_not_there() {
    let status = failed(&channel("unix:/absent/rates.sock"), GET, "").await;
    assert_eq!(
        describe(&status),
        "test.Rates at unix:/absent/rates.sock (RATES_HOST) cannot be reached: UNAVAILABLE: no such file or directory; is the server running?"
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    // A label has at most 63 letters, so no name server is asked.
    let name = "a".repeat(64);
    let status = failed(&channel(format!("{name}:9001")), GET, "").await;
    let line = describe(&status);
    let start = format!(
        "test.Rates at {name}:9001 (RATES_HOST) cannot be reached: UNAVAILABLE: the name `{name}` does not resolve: "
    );
    assert!(line.starts_with(&start), "{line}");
}

#[tokio::test]
async fn a_port_that_speaks_something_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let status = failed(&channel(address), GET, "").await;
    assert_eq!(
        describe(&status),
        format!(
            "test.Rates at {address} (RATES_HOST) is no gRPC server: UNAVAILABLE: what it answered is not HTTP/2; is the port right, and is it `https://`?"
        )
    );
}

#[tokio::test]
async fn a_port_that_closes_every_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let status = failed(&channel(address), GET, "").await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        Failure::of(&status).unwrap().kind(),
        FailureKind::Interrupted
    );
    // The middle is one of several texts of the system: the close and the first write are in a race.
    let line = describe(&status);
    let start = format!("test.Rates at {address} (RATES_HOST) broke off: UNAVAILABLE: ");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.ends_with("; is it a gRPC server?"), "{line}");
}

#[tokio::test]
async fn a_web_server() {
    let (address, _ends) = serve().await;
    let status = failed(&channel(address), WEB, "").await;
    assert_eq!(
        describe(&status),
        format!(
            "test.Rates at {address} (RATES_HOST) is no gRPC server: UNIMPLEMENTED: it answered HTTP 404 with text/html; is the port right?"
        )
    );
}

#[tokio::test]
async fn a_status_of_the_server() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    for (ask, line) in [
        ("fail", "INVALID_ARGUMENT: ticker: six letters are needed"),
        (
            "details",
            "INVALID_ARGUMENT: amount: above zero (ticker: six letters are needed)",
        ),
        ("two lines", "INTERNAL: one two [2J"),
        ("silent", "ABORTED"),
    ] {
        assert_eq!(
            describe(&failed(&channel, GET, ask).await),
            format!("test.Rates at {address} (RATES_HOST) answered {line}")
        );
    }
}

#[tokio::test]
async fn a_deadline() {
    let (address, _ends) = serve().await;
    let config = ClientConfig {
        deadline: Duration::from_millis(50).into(),
        ..config(address)
    };
    let channel = Channel::connect(TARGET, &config).unwrap();
    assert_eq!(
        describe(&failed(&channel, GET, "hang").await),
        format!(
            "test.Rates at {address} (RATES_HOST) did not answer within 50ms: DEADLINE_EXCEEDED"
        )
    );
}

#[tokio::test]
async fn an_answer_that_is_too_large() {
    let (address, _ends) = serve().await;
    let config = ClientConfig {
        max_receive_message: 1024,
        ..config(address)
    };
    let channel = Channel::connect(TARGET, &config).unwrap();
    assert_eq!(
        describe(&failed(&channel, GET, "big").await),
        format!(
            "test.Rates at {address} (RATES_HOST) sent an answer that cannot be read: RESOURCE_EXHAUSTED: the response has a message of 2051 bytes; the limit is 1024; is `max_receive_message` too small?"
        )
    );
}

#[tokio::test]
async fn a_host_that_is_not_set() {
    let channel = Channel::connect(TARGET, &ClientConfig::default()).unwrap();
    let status = failed(&channel, GET, "").await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "set RATES_HOST to host:port");
    assert_eq!(
        describe(&status),
        "test.Rates (RATES_HOST) has no host: FAILED_PRECONDITION: set RATES_HOST to host:port"
    );
}

#[tokio::test]
async fn an_outgoing_stream_that_stops() {
    let (address, _ends) = serve().await;
    let stop = Status::data_loss("line 7 is torn");
    let messages: BoxStream<Text> = Box::pin(texts(&["a"]).chain(stream::iter([Err(stop)])));
    let status = channel(address)
        .client_streaming::<_, Text>(SUM, Request::new(messages))
        .await
        .unwrap_err();
    assert_eq!(
        describe(&status),
        format!(
            "the call to test.Rates at {address} (RATES_HOST) was given up, its messages stopped: DATA_LOSS: line 7 is torn"
        )
    );
}

#[test]
fn a_status_of_no_channel() {
    assert_eq!(
        describe(&Status::not_found("no rate of XAU")),
        "NOT_FOUND: no rate of XAU"
    );
}
