//! How the server stops.

use std::net::TcpStream;

use rustix::process::Signal;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::support::{Project, Server, in_time};

const FINISHED: &str = "every call was finished\n";

/// A call in flight, for as long as its caller likes.
struct OpenCall {
    questions: Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

impl OpenCall {
    async fn to(server: &Server) -> Self {
        let mut client = ServerReflectionClient::new(server.channel().await);
        let (questions, receiver) = channel(1);
        let questioned = ReceiverStream::new(receiver);
        let call = in_time(client.server_reflection_info(questioned)).await;
        let answers = call.unwrap().into_inner();
        let mut call = OpenCall { questions, answers };
        assert_eq!(call.ask().await, 1, "the call is in flight");
        call
    }

    /// How many answers there are to one question.
    async fn ask(&mut self) -> usize {
        let question = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        self.questions.send(question).await.unwrap();
        in_time(self.answers.message())
            .await
            .unwrap()
            .iter()
            .count()
    }

    /// Asks no more, and hears the end.
    async fn finish(self) {
        let OpenCall {
            questions,
            mut answers,
        } = self;
        drop(questions);
        assert_eq!(in_time(answers.message()).await.unwrap(), None);
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_finished_first() {
    let mut server = Project::new().serve();
    let mut call = OpenCall::to(&server).await;

    server.process.signal(Signal::TERM);
    server.process.logs("draining");
    assert_eq!(call.ask().await, 1, "the drain lets the call go on");
    call.finish().await;

    let ran = server.process.end().with_code(0);
    assert!(ran.out.ends_with(FINISHED), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_server_at_once() {
    for (second, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let mut server = Project::new().serve();
        let call = OpenCall::to(&server).await;

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
    let call = OpenCall::to(&server).await;

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
