//! How the server stops, and the console that waits.

use std::net::TcpStream;

use rustix::process::Signal;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Process, Project, Server, in_time};
use crate::wire::{OK, OpenCall, Wire};

const FINISHED: &str = "every call was finished\n";
/// `GetRateRequest { ticker: "TRYUSD" }`.
const MESSAGE: &[u8] = b"\x0a\x06TRYUSD";

/// A call in flight, for as long as its caller likes.
async fn open_call(server: &Server) -> OpenCall {
    let mut wire = Wire::connect(server.address).await;
    let call = wire.open("/currency.CurrencyRateService/GetRate").await;
    // Known to the server, because a later call of the same connection is answered.
    let later = wire.call("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(later.code, OK);
    call
}

#[test]
fn a_signal_ends_the_server_after_its_calls() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let server = Project::new().serve();
        server.process.signal(signal);
        let ran = server.process.end().with_code(0);
        assert!(ran.out.ends_with(FINISHED), "{ran}");
        let note = format!("{name}: stopping; a second signal stops at once\n");
        assert!(ran.err.contains(&note), "{ran}");
    }
}

#[test]
fn a_console_that_waits_ends_with_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let project = Project::new();
        let mut console = Process::start(&mut project.app(["console:wait"]));
        console.says("ready for commands");
        console.signal(signal);
        console.end().with_code(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_finished_first() {
    let mut server = Project::new().serve();
    let call = open_call(&server).await;

    server.process.signal(Signal::TERM);
    server.process.logs("draining");
    let answer = in_time(call.finish(MESSAGE)).await;
    assert_eq!(answer.code, OK, "the drain lets the call go on");

    let ran = server.process.end().with_code(0);
    assert!(ran.out.ends_with(FINISHED), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once() {
    for (second, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let mut server = Project::new().serve();
        let call = open_call(&server).await;

        server.process.signal(Signal::TERM);
        server.process.logs("draining");
        server.process.signal(second);

        let ran = server.process.end().with_code(1);
        assert!(
            ran.err.ends_with(&format!("{name}: stopped at once\n")),
            "{ran}"
        );
        assert!(!ran.out.contains("call"), "{ran}");
        drop(call);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_end_is_cut_and_counted() {
    let project = Project::new();
    let server = Server::start(
        project
            .app(["serve"])
            .env("APP_SERVER__LISTEN", "127.0.0.1:0")
            .env("APP_SERVER__DRAIN_TIMEOUT", "50ms"),
    );
    let call = open_call(&server).await;

    server.process.signal(Signal::TERM);

    let ran = server.process.end();
    assert!(
        ran.out.ends_with("1 connections with 1 calls were cut\n"),
        "{ran}"
    );
    drop(call);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_without_calls_hold_nobody_up() {
    let server = Project::new().serve();
    let silent = TcpStream::connect(server.address).unwrap();
    // Known to the server, because a later connection has been served.
    let mut health = HealthClient::new(server.channel().await);
    let known = health.check(HealthCheckRequest::default());
    in_time(known).await.unwrap();

    server.process.signal(Signal::TERM);

    // Had a connection held the drain to its timeout, it would have been cut, and counted here.
    let ran = server.process.end().with_code(0);
    assert!(ran.out.ends_with(FINISHED), "{ran}");
    drop(silent);
}
