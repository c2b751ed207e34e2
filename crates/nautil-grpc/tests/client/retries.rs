//! What is sent again, and what never is.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::stream;
use nautil_grpc::client::{ClientConfig, Failure, FailureKind, describe};
use nautil_grpc::{BoxStream, Channel, Code, Request, Status};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::raw::{ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, Raw, listen};
use crate::server::{GET, SUM, TARGET, Text, channel, config, in_time, text};

type Called = JoinHandle<Result<String, Status>>;

fn call(channel: &Channel) -> Called {
    let channel = channel.clone();
    tokio::spawn(async move {
        let response = channel.unary(GET, Request::new(text("ask"))).await?;
        let answer: Text = response.into_inner();
        Ok(answer.text)
    })
}

async fn answer(called: Called) -> Result<String, Status> {
    in_time(called).await.unwrap()
}

/// A call with a stream of messages, which come from elsewhere.
fn upload(channel: &Channel) -> (mpsc::UnboundedSender<Text>, Called) {
    let (more, messages) = mpsc::unbounded_channel();
    let messages: BoxStream<Text> = Box::pin(stream::unfold(messages, async |mut messages| {
        let message = messages.recv().await?;
        Some((Ok(message), messages))
    }));
    let channel = channel.clone();
    let called = tokio::spawn(async move {
        let response = channel
            .client_streaming(SUM, Request::new(messages))
            .await?;
        let answer: Text = response.into_inner();
        Ok(answer.text)
    });
    (more, called)
}

#[tokio::test]
async fn a_refused_request_is_sent_once_more() {
    let (listener, address) = listen().await;
    let called = call(&channel(address));
    let mut server = Raw::accept(&listener).await;
    let first = server.request().await;
    server.reset(first, REFUSED_STREAM).await;
    let second = server.request().await;
    server.answer(second, "at last").await;
    assert_eq!(answer(called).await.unwrap(), "at last");
}

#[tokio::test]
async fn a_request_that_is_refused_twice_has_failed() {
    let (listener, address) = listen().await;
    let called = call(&channel(address));
    let mut server = Raw::accept(&listener).await;
    for _ in 0..2 {
        let stream = server.request().await;
        server.reset(stream, REFUSED_STREAM).await;
    }
    assert_eq!(
        describe(&answer(called).await.unwrap_err()),
        format!(
            "test.Rates at {address} (RATES_HOST) broke off: UNAVAILABLE: stream reset: refused stream before processing any application logic; is it a gRPC server?"
        )
    );
}

#[tokio::test]
async fn a_request_beyond_the_last_one_of_a_server_that_goes_away_is_sent_to_its_successor() {
    let (listener, address) = listen().await;
    let channel = channel(address);
    let early = call(&channel);
    let mut server = Raw::accept(&listener).await;
    let first = server.request().await;
    let late = call(&channel);
    let second = server.request().await;
    assert!(second > first);
    server.go_away(first, NO_ERROR).await;

    let mut successor = Raw::accept(&listener).await;
    let again = successor.request().await;
    successor.answer(again, "from the successor").await;
    assert_eq!(answer(late).await.unwrap(), "from the successor");
    // What was read is answered where it was read, and then the connection is over.
    server.answer(first, "from the first").await;
    assert_eq!(answer(early).await.unwrap(), "from the first");
    server.closed().await;
}

#[tokio::test]
async fn requests_that_wait_for_a_stream_are_sent_to_the_successor() {
    let (listener, address) = listen().await;
    let channel = channel(address);
    let calls: Vec<Called> = (0..20).map(|_| call(&channel)).collect();
    // Only one may be under way; the others are in a queue of the client.
    let mut server = Raw::accept_with_streams(&listener, 1).await;
    let first = server.request().await;
    server.go_away(first, NO_ERROR).await;
    let mut successor = Raw::accept(&listener).await;
    for _ in 1..20 {
        let stream = successor.request().await;
        successor.answer(stream, "from the successor").await;
    }
    server.answer(first, "from the first").await;
    let mut from_the_first = 0;
    for called in calls {
        match answer(called).await.unwrap().as_str() {
            "from the first" => from_the_first += 1,
            other => assert_eq!(other, "from the successor"),
        }
    }
    assert_eq!(from_the_first, 1);
}

#[tokio::test]
async fn requests_that_wait_for_a_stream_are_sent_again_when_the_connection_breaks() {
    let (listener, address) = listen().await;
    let channel = channel(address);
    let calls: Vec<Called> = (0..20).map(|_| call(&channel)).collect();
    let mut server = Raw::accept_with_streams(&listener, 1).await;
    server.request().await;
    drop(server);
    let mut successor = Raw::accept(&listener).await;
    for _ in 1..20 {
        let stream = successor.request().await;
        successor.answer(stream, "from the successor").await;
    }
    let mut lost = 0;
    for called in calls {
        match answer(called).await {
            Ok(text) => assert_eq!(text, "from the successor"),
            Err(status) => {
                // The one that the server had read.
                assert_eq!(
                    Failure::of(&status).unwrap().kind(),
                    FailureKind::Interrupted
                );
                lost += 1;
            }
        }
    }
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn what_may_have_been_processed_is_never_sent_twice() {
    enum End {
        Close,
        Reset(u32),
        GoAway { is_last: bool, reason: u32 },
    }
    for (end, code) in [
        (End::Close, Code::Unavailable),
        (End::Reset(INTERNAL_ERROR), Code::Internal),
        (End::Reset(NO_ERROR), Code::Internal),
        (
            End::GoAway {
                is_last: true,
                reason: NO_ERROR,
            },
            Code::Unavailable,
        ),
        (
            End::GoAway {
                is_last: false,
                reason: ENHANCE_YOUR_CALM,
            },
            Code::Unavailable,
        ),
    ] {
        let (listener, address) = listen().await;
        let called = call(&channel(address));
        let mut server = Raw::accept(&listener).await;
        let stream = server.request().await;
        match end {
            End::Close => {}
            End::Reset(reason) => server.reset(stream, reason).await,
            End::GoAway { is_last, reason } => {
                let last = if is_last { stream } else { 0 };
                server.go_away(last, reason).await;
            }
        }
        if matches!(end, End::Reset(_)) {
            let status = answer(called).await.unwrap_err();
            assert_eq!(status.code(), code, "{status:?}");
            // The client is gone, and so is its connection, without another request.
            server.closed().await;
        } else {
            drop(server);
            let status = answer(called).await.unwrap_err();
            assert_eq!(status.code(), code, "{status:?}");
            assert_eq!(
                Failure::of(&status).unwrap().kind(),
                FailureKind::Interrupted
            );
        }
        let again = listener.into_std().unwrap().accept().unwrap_err();
        assert_eq!(again.kind(), ErrorKind::WouldBlock, "the client came back");
    }
}

#[tokio::test]
async fn a_callers_stream_of_which_nothing_was_taken_is_sent_again() {
    let (listener, address) = listen().await;
    let (more, called) = upload(&channel(address));
    let mut server = Raw::accept(&listener).await;
    server.headers().await;
    server.go_away(0, NO_ERROR).await;
    let mut successor = Raw::accept(&listener).await;
    let stream = successor.headers().await;
    more.send(text("only once")).unwrap();
    assert!(successor.message().await.ends_with(b"only once"));
    successor.answer(stream, "thanks").await;
    assert_eq!(answer(called).await.unwrap(), "thanks");
    drop(server);
}

#[tokio::test]
async fn a_callers_stream_is_sent_again_from_its_start() {
    let (listener, address) = listen().await;
    let (more, called) = upload(&channel(address));
    let mut server = Raw::accept(&listener).await;
    server.headers().await;
    for sent in ["one", "two"] {
        more.send(text(sent)).unwrap();
        assert!(server.message().await.ends_with(sent.as_bytes()));
    }
    server.go_away(0, NO_ERROR).await;
    let mut successor = Raw::accept(&listener).await;
    let stream = successor.headers().await;
    more.send(text("three")).unwrap();
    for sent in ["one", "two", "three"] {
        assert!(
            successor.message().await.ends_with(sent.as_bytes()),
            "{sent}"
        );
    }
    drop(more);
    assert_eq!(successor.request().await, stream);
    successor.answer(stream, "all of it").await;
    assert_eq!(answer(called).await.unwrap(), "all of it");
}

#[tokio::test]
async fn a_callers_stream_of_which_much_was_sent_is_not_sent_again() {
    let (listener, address) = listen().await;
    let (more, called) = upload(&channel(address));
    let mut server = Raw::accept(&listener).await;
    server.headers().await;
    for _ in 0..3 {
        more.send(text(&"x".repeat(30 << 10))).unwrap();
    }
    // Where the window of flow control ends, the third message has begun.
    let mut read = 0;
    while read < 65_535 {
        read += server.message().await.len();
    }
    server.go_away(0, NO_ERROR).await;
    let status = answer(called).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        Failure::of(&status).unwrap().kind(),
        FailureKind::Interrupted
    );
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_has_said_nothing() {
    let (listener, address) = listen().await;
    let called = call(&channel(address));
    // As a server that stops does with those that it has just let in.
    for _ in 0..3 {
        drop(in_time(listener.accept()).await.unwrap());
    }
    let mut server = Raw::accept(&listener).await;
    let stream = server.request().await;
    server.answer(stream, "here").await;
    assert_eq!(answer(called).await.unwrap(), "here");
}

#[tokio::test]
async fn all_sendings_share_one_deadline() {
    let (listener, address) = listen().await;
    let limit = Duration::from_millis(300);
    let config = ClientConfig {
        deadline: limit.into(),
        ..config(address)
    };
    let called = call(&Channel::connect(TARGET, &config).unwrap());
    let mut server = Raw::accept(&listener).await;
    server.request().await;
    server.go_away(0, NO_ERROR).await;
    let mut successor = Raw::accept(&listener).await;
    successor.request().await;
    let status = answer(called).await.unwrap_err();
    let kind = Failure::of(&status).unwrap().kind();
    assert_eq!(kind, FailureKind::DeadlineExceeded { limit });
}

#[tokio::test]
async fn an_unlucky_request_is_given_up_in_the_end() {
    let (listener, address) = listen().await;
    let called = call(&channel(address));
    for _ in 0..5 {
        let mut server = Raw::accept(&listener).await;
        server.request().await;
        server.go_away(0, NO_ERROR).await;
    }
    let line = describe(&answer(called).await.unwrap_err());
    let start = format!("test.Rates at {address} (RATES_HOST) broke off: UNAVAILABLE: ");
    assert!(line.starts_with(&start), "{line}");
}
