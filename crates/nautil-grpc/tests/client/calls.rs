//! The four kinds of call, deadlines, and outgoing streams.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use nautil_grpc::client::{ClientConfig, Failure, FailureKind};
use nautil_grpc::units::Limit;
use nautil_grpc::{BoxStream, Channel, Code, Request, Status};
use tokio::net::UnixListener;
use tonic::transport::Server;

use crate::raw::{self, Raw};
use crate::server::{
    ECHO, GET, MEETING, Rates, SUM, TARGET, Text, WATCH, channel, config, in_time, serve, text,
    texts,
};

async fn get(channel: &Channel, ask: &str) -> Result<String, Status> {
    let response = channel.unary(GET, Request::new(text(ask))).await?;
    let answer: Text = response.into_inner();
    Ok(answer.text)
}

async fn collect(messages: BoxStream<Text>) -> Result<Vec<String>, Status> {
    messages.map_ok(|message| message.text).try_collect().await
}

#[tokio::test]
async fn the_four_kinds_of_call_are_answered() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    assert_eq!(get(&channel, "hello").await.unwrap(), "hello");

    let watched = channel
        .server_streaming(WATCH, Request::new(text("")))
        .await
        .unwrap();
    let watched = collect(watched.into_inner()).await.unwrap();
    assert_eq!(watched, ["one", "two", "three"]);

    let sum = channel
        .client_streaming::<_, Text>(SUM, Request::new(texts(&["a", "b"])))
        .await
        .unwrap();
    assert_eq!(sum.into_inner(), text("a b"));

    let echo = channel
        .streaming(ECHO, Request::new(texts(&["a", "b"])))
        .await
        .unwrap();
    assert_eq!(collect(echo.into_inner()).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn calls_share_one_channel_at_the_same_time() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    let met = join_all((0..MEETING).map(|_| get(&channel, "meet"))).await;
    assert!(met.into_iter().all(|met| met.unwrap() == "met"));
}

#[tokio::test]
async fn a_status_passes_with_code_message_metadata_and_details() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    let status = get(&channel, "fail").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "ticker: six letters are needed");
    assert_eq!(status.metadata().get("x-rule").unwrap(), "letters");

    let failure = Failure::of(&status).unwrap();
    assert!(failure.answered());
    assert_eq!(failure.service(), "test.Rates");
    assert_eq!(failure.variable(), "RATES_HOST");
    assert_eq!(failure.host(), Some(address.to_string().as_str()));

    let status = get(&channel, "details").await.unwrap_err();
    assert!(!status.details().is_empty());
}

#[tokio::test]
async fn a_status_after_messages_ends_the_stream() {
    let (address, _ends) = serve().await;
    let watched = channel(address)
        .server_streaming::<_, Text>(WATCH, Request::new(text("fail later")))
        .await
        .unwrap();
    let mut watched = watched.into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap(), text("first"));
    let status = watched.next().await.unwrap().unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DataLoss, "the book is lost")
    );
    assert!(Failure::of(&status).unwrap().answered());
    assert!(watched.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_has_enough_ends_the_outgoing_stream() {
    let (address, _ends) = serve().await;
    let messages: BoxStream<Text> = Box::pin(texts(&["a", "enough"]).chain(stream::pending()));
    let status = channel(address)
        .client_streaming::<_, Text>(SUM, Request::new(messages))
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::OutOfRange, "that is enough")
    );
}

fn short(host: impl ToString) -> Channel {
    let config = ClientConfig {
        deadline: Duration::from_millis(200).into(),
        ..config(host)
    };
    Channel::connect(TARGET, &config).unwrap()
}

#[track_caller]
fn assert_deadline(status: &Status, limit: Duration) {
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    let kind = Failure::of(status).unwrap().kind();
    assert_eq!(kind, FailureKind::DeadlineExceeded { limit });
}

#[tokio::test]
async fn a_deadline_ends_each_kind_of_call() {
    let (address, _ends) = serve().await;
    let limit = Duration::from_millis(200);
    let channel = short(address);
    assert_deadline(&get(&channel, "hang").await.unwrap_err(), limit);

    let config = ClientConfig {
        stream_deadline: limit.into(),
        ..config(address)
    };
    let streams = Channel::connect(TARGET, &config).unwrap();
    let watched = streams
        .server_streaming::<_, Text>(WATCH, Request::new(text("hang")))
        .await;
    assert_deadline(&watched.map(drop).unwrap_err(), limit);
    let request = Request::new(text("hang later"));
    let watched = streams.server_streaming::<_, Text>(WATCH, request).await;
    let ended = collect(watched.unwrap().into_inner()).await;
    assert_deadline(&ended.unwrap_err(), limit);

    let endless: BoxStream<Text> = Box::pin(stream::pending());
    let sum = channel
        .client_streaming::<_, Text>(SUM, Request::new(endless))
        .await;
    assert_deadline(&sum.unwrap_err(), limit);
}

#[tokio::test]
async fn the_deadline_of_single_messages_spares_streams() {
    let (address, _ends) = serve().await;
    let channel = short(address);
    let request = Request::new(text("hang later"));
    let watched = channel
        .server_streaming::<_, Text>(WATCH, request)
        .await
        .unwrap();
    let mut watched = watched.into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap(), text("first"));
    // A call that is under way at the same time, and whose deadline comes after that of the stream.
    get(&channel, "hang").await.unwrap_err();
    get(&channel, "hang").await.unwrap_err();
    let next =
        std::future::poll_fn(|context| std::task::Poll::Ready(watched.poll_next_unpin(context)));
    assert!(next.await.is_pending());
}

#[tokio::test]
async fn a_callers_timeout_holds_for_the_whole_stream() {
    let (address, _ends) = serve().await;
    let mut request = Request::new(text("hang later"));
    let limit = Duration::from_millis(300);
    request.set_timeout(limit);
    let watched = channel(address)
        .server_streaming::<_, Text>(WATCH, request)
        .await
        .unwrap();
    let mut watched = watched.into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap(), text("first"));
    assert_deadline(&watched.next().await.unwrap().unwrap_err(), limit);
    assert!(watched.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_always_has_a_message_ends_at_the_deadline() {
    let (address, _ends) = serve().await;
    let limit = Duration::from_secs(1);
    let mut request = Request::new(text("endless"));
    request.set_timeout(limit);
    let watched = channel(address)
        .server_streaming::<Text, Text>(WATCH, request)
        .await;
    let messages = watched.unwrap().into_inner();
    let all = in_time(messages.collect::<Vec<_>>()).await;
    let (last, before) = all.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    assert_deadline(last.as_ref().unwrap_err(), limit);
}

#[tokio::test]
async fn small_messages_that_wait_for_their_reader_break_no_connection() {
    const COUNT: usize = 20_000;
    let (listener, address) = raw::listen().await;
    let channel = channel(address);
    let call = tokio::spawn(async move {
        let request = Request::new(text("many"));
        channel.server_streaming::<Text, Text>(WATCH, request).await
    });
    let mut server = Raw::accept(&listener).await;
    let stream = server.request().await;
    server.stream(stream, &["x"; COUNT]).await;

    // Only now does anybody read.
    let messages = in_time(call).await.unwrap().unwrap().into_inner();
    let all: Vec<_> = in_time(messages.collect()).await;
    let whole: Vec<_> = all.into_iter().collect::<Result<_, _>>().unwrap();
    assert_eq!(whole, vec![text("x"); COUNT]);
}

#[tokio::test]
async fn the_server_is_told_the_deadline() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    assert_eq!(get(&channel, "grpc-timeout").await.unwrap(), "10000000u");

    let mut request = Request::new(text("grpc-timeout"));
    request.set_timeout(Duration::from_secs(60));
    let answer: Text = channel.unary(GET, request).await.unwrap().into_inner();
    assert_eq!(answer.text, "60000000u");
}

#[tokio::test]
async fn without_a_deadline_the_server_is_told_nothing() {
    let (address, _ends) = serve().await;
    let config = ClientConfig {
        deadline: Limit::NONE,
        ..config(address)
    };
    let channel = Channel::connect(TARGET, &config).unwrap();
    assert_eq!(get(&channel, "grpc-timeout").await.unwrap(), "none");
}

#[tokio::test]
async fn the_server_of_a_stream_is_told_only_the_callers_timeout() {
    let (address, _ends) = serve().await;
    let channel = channel(address);
    let request = Request::new(text("grpc-timeout"));
    let told = channel.server_streaming(WATCH, request).await.unwrap();
    assert_eq!(collect(told.into_inner()).await.unwrap(), ["none"]);

    let mut request = Request::new(text("grpc-timeout"));
    request.set_timeout(Duration::from_secs(60));
    let told = channel.server_streaming(WATCH, request).await.unwrap();
    assert_eq!(collect(told.into_inner()).await.unwrap(), ["60000000u"]);
}

#[tokio::test]
async fn a_callers_timeout_goes_before_the_configs_deadline() {
    let (address, _ends) = serve().await;
    let mut request = Request::new(text("hang"));
    let limit = Duration::from_millis(50);
    request.set_timeout(limit);
    let status = channel(address)
        .unary::<_, Text>(GET, request)
        .await
        .unwrap_err();
    assert_deadline(&status, limit);
}

fn stopping() -> BoxStream<Text> {
    let stop = Status::resource_exhausted("the file ended early");
    Box::pin(texts(&["a", "b"]).chain(stream::iter([Err(stop)])))
}

#[track_caller]
fn assert_stopped(status: &Status) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(status.message(), "the file ended early");
    assert_eq!(
        Failure::of(status).unwrap().kind(),
        FailureKind::OutgoingStream
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_in_an_outgoing_stream_resets_the_call() {
    let (address, mut ends) = serve().await;
    let channel = channel(address);
    // Often, because the reset and the caller's going away are in a race.
    for _ in 0..100 {
        let sum = channel
            .client_streaming::<_, Text>(SUM, Request::new(stopping()))
            .await;
        assert_stopped(&sum.unwrap_err());
        channel
            .client_streaming::<_, Text>(SUM, Request::new(texts(&["whole"])))
            .await
            .unwrap();
    }
    // A handler that was reset before it read is dropped, and says nothing.
    let mut whole = 0;
    while whole < 100 {
        match ends.recv().await.unwrap().as_str() {
            "end after whole" => whole += 1,
            end => assert!(end.starts_with("Internal after"), "{end}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_in_an_outgoing_stream_ends_the_response_stream() {
    let (address, mut ends) = serve().await;
    let (more, messages) = tokio::sync::mpsc::unbounded_channel();
    let messages: BoxStream<Text> = Box::pin(stream::unfold(messages, async |mut messages| {
        messages.recv().await.map(|message| (message, messages))
    }));
    let echo = channel(address)
        .streaming::<_, Text>(ECHO, Request::new(messages))
        .await
        .unwrap();
    let mut echo = echo.into_inner();
    more.send(Ok(text("a"))).unwrap();
    assert_eq!(echo.next().await.unwrap().unwrap(), text("a"));
    more.send(Err(Status::resource_exhausted("the file ended early")))
        .unwrap();
    assert_stopped(&echo.next().await.unwrap().unwrap_err());
    assert!(echo.next().await.is_none());
    assert_eq!(ends.recv().await.unwrap(), "Internal");
}

#[tokio::test]
async fn dropping_a_response_stream_ends_the_call() {
    let (address, mut ends) = serve().await;
    let endless: BoxStream<Text> = Box::pin(texts(&["a"]).chain(stream::pending()));
    let echo = channel(address)
        .streaming::<_, Text>(ECHO, Request::new(endless))
        .await
        .unwrap();
    let mut echo = echo.into_inner();
    assert_eq!(echo.next().await.unwrap().unwrap(), text("a"));
    drop(echo);
    // hyper shows CANCEL to a handler as an end.
    assert_eq!(ends.recv().await.unwrap(), "end");
}

#[tokio::test]
async fn a_unix_socket_is_a_host() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rates.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let incoming = stream::unfold(listener, async |listener| {
        let accepted = listener.accept().await.map(|(stream, _)| stream);
        Some((accepted, listener))
    });
    let (rates, _ends) = Rates::new();
    tokio::spawn(
        Server::builder()
            .add_service(rates)
            .serve_with_incoming(Box::pin(incoming)),
    );
    let channel = channel(format!("unix:{}", path.display()));
    assert_eq!(get(&channel, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_channel_leads_over_a_connection_that_is_there_already() {
    let (rates, _ends) = Rates::new();
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(
        Server::builder()
            .add_service(rates)
            .serve_with_incoming(stream::iter([Ok::<_, std::io::Error>(far)])),
    );
    let near = std::sync::Mutex::new(Some(near));
    let channel = Channel::over(TARGET, &ClientConfig::default(), move || {
        let near = near.lock().unwrap().take();
        std::future::ready(near.ok_or_else(|| std::io::Error::other("one connection only")))
    });
    assert_eq!(get(&channel, "hello").await.unwrap(), "hello");
    let status = get(&channel, "fail").await.unwrap_err();
    assert_eq!(Failure::of(&status).unwrap().host(), Some("this process"));
}

#[tokio::test]
async fn a_channel_connects_again_when_the_server_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rates.sock");
    let channel = channel(format!("unix:{}", path.display()));
    assert_eq!(
        get(&channel, "hello").await.unwrap_err().code(),
        Code::Unavailable
    );

    let listener = UnixListener::bind(&path).unwrap();
    let incoming = stream::unfold(listener, async |listener| {
        let accepted = listener.accept().await.map(|(stream, _)| stream);
        Some((accepted, listener))
    });
    let (rates, _ends) = Rates::new();
    tokio::spawn(
        Server::builder()
            .add_service(rates)
            .serve_with_incoming(Box::pin(incoming)),
    );
    assert_eq!(get(&channel, "hello").await.unwrap(), "hello");
}
