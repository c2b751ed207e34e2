//! What a handler knows of its call, and what it hands on to calls of its own.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use nautil_grpc::{
    BoxStream, Channel, Code, Context, MethodKind, PeerAddress, Request, RequestExt, Response,
    Status, detached,
};
use tokio::sync::mpsc;

use crate::answers::Answers;
use crate::echo::{Text, method};
use crate::fixture::{Running, config, in_time, own_client, serve};

fn start(answers: Answers) -> Running {
    serve(&config(), answers)
}

/// A client that would wait for long.
fn client(running: &Running) -> Channel {
    own_client(running, |config| {
        config.deadline = Duration::from_secs(1000).into();
    })
}

async fn unary(channel: &Channel, request: Request<Text>) -> Result<Response<Text>, Status> {
    in_time(channel.unary(method("Unary"), request)).await
}

fn text(text: &str) -> Request<Text> {
    Request::new(Text::new(text))
}

/// Hands each context out.
fn contexts() -> (Answers, mpsc::UnboundedReceiver<Context>) {
    let (contexts, seen) = mpsc::unbounded_channel();
    let answers = Answers::default().unary(move |request: Request<Text>| {
        contexts.send(request.context()).unwrap();
        async move {
            if request.get_ref().text == "hang" {
                std::future::pending::<()>().await;
            }
            Ok(Response::new(request.into_inner()))
        }
    });
    (answers, seen)
}

#[tokio::test]
async fn a_handler_knows_its_method_and_its_peer() {
    let (answers, mut contexts) = contexts();
    let running = start(answers);
    unary(&client(&running), text("hello")).await.unwrap();
    let context = in_time(contexts.recv()).await.unwrap();

    let method = context.method();
    assert_eq!(method.path(), "/echo.Echo/Unary");
    assert_eq!((method.service(), method.name()), ("echo.Echo", "Unary"));
    assert_eq!(method.kind(), MethodKind::Unary);
    let PeerAddress::Tcp(address) = context.peer().address() else {
        panic!("{context:?}");
    };
    assert!(address.ip().is_loopback());
    assert!(!context.peer().is_tls());
    assert_eq!(context.peer().certificates().count(), 0);
}

#[tokio::test]
async fn a_context_is_over_when_its_call_is_answered_and_when_its_caller_goes_away() {
    let (answers, mut contexts) = contexts();
    let running = start(answers);
    let channel = client(&running);
    unary(&channel, text("hello")).await.unwrap();
    in_time(in_time(contexts.recv()).await.unwrap().over()).await;

    let call = tokio::spawn(async move { unary(&channel, text("hang")).await });
    let context = in_time(contexts.recv()).await.unwrap();
    assert!(!context.is_over());
    call.abort();
    in_time(context.over()).await;
    assert!(context.is_over());
}

#[tokio::test]
async fn a_task_of_a_call_ends_with_it() {
    let (answers, mut contexts) = contexts();
    let running = start(answers);
    let channel = client(&running);
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { unary(&channel, text("hang")).await }
    });
    let context = in_time(contexts.recv()).await.unwrap();
    let quick = context.spawn(async { Context::current().unwrap().method().name() });
    assert_eq!(in_time(quick).await.unwrap().unwrap(), "Unary");
    let slow = context.spawn(std::future::pending::<()>());
    call.abort();
    let status = in_time(slow).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Cancelled);
    assert_eq!(status.message(), "the call is over");
    // After the call there is nothing to belong to.
    let late = in_time(context.spawn(std::future::pending::<()>())).await;
    assert_eq!(late.unwrap().unwrap_err().code(), Code::Cancelled);
}

#[tokio::test]
async fn a_request_id_is_taken_over_or_made() {
    let (answers, mut contexts) = contexts();
    let running = start(answers);
    let channel = client(&running);
    let mut id_of = async |sent: Option<&str>| {
        let mut request = text("hello");
        if let Some(sent) = sent {
            let sent = sent.parse().unwrap();
            request.metadata_mut().insert("x-request-id", sent);
        }
        unary(&channel, request).await.unwrap();
        let context = in_time(contexts.recv()).await.unwrap();
        context.request_id().to_owned()
    };
    assert_eq!(id_of(Some("from-afar")).await, "from-afar");
    let made = id_of(None).await;
    assert_eq!(made.len(), 32, "{made}");
    assert_ne!(id_of(None).await, made);
    // What would disturb a log is no id.
    let long = "x".repeat(129);
    for sent in ["two words", long.as_str()] {
        assert_eq!(id_of(Some(sent)).await.len(), 32);
    }
}

#[tokio::test]
async fn metadata_for_both_ends_of_a_response_arrive_with_a_success_and_with_a_failure() {
    let set = |request: &Request<Text>| {
        let context = request.context();
        context.headers(|headers| headers.insert("first", "1".parse().unwrap()));
        context.trailers(|trailers| trailers.insert("last", "2".parse().unwrap()));
    };
    let answers = Answers::default()
        .unary(move |request| async move {
            set(&request);
            match request.get_ref().text.as_str() {
                "fail" => Err(Status::aborted("as asked")),
                _ => Ok(Response::new(request.into_inner())),
            }
        })
        .server_streaming(move |request| async move {
            set(&request);
            let messages = stream::iter([Ok(request.into_inner())]);
            let context = Context::current().unwrap();
            let last = stream::once(async move {
                context.trailers(|trailers| trailers.insert("count", "1".parse().unwrap()));
                Err(Status::aborted("as asked"))
            });
            Ok(Response::new(messages.chain(last).boxed()))
        });
    let running = start(answers);
    let channel = client(&running);

    let response = unary(&channel, text("hello")).await.unwrap();
    let metadata = response.metadata();
    assert_eq!(metadata.get("first").unwrap(), "1");
    assert_eq!(metadata.get("last").unwrap(), "2");

    let status = unary(&channel, text("fail")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Aborted, "as asked")
    );
    assert_eq!(status.metadata().get("last").unwrap(), "2");

    let path = method("ServerStreaming");
    let response: Response<BoxStream<Text>> =
        in_time(channel.server_streaming(path, text("hello")))
            .await
            .unwrap();
    assert_eq!(response.metadata().get("first").unwrap(), "1");
    let messages: Vec<_> = in_time(response.into_inner().collect()).await;
    let status = messages[1].as_ref().unwrap_err();
    assert_eq!(status.code(), Code::Aborted);
    assert_eq!(status.metadata().get("last").unwrap(), "2");
    assert_eq!(status.metadata().get("count").unwrap(), "1");
}

/// A service that asks the next one, and answers with what that says.
fn asking(next: Channel) -> Answers {
    Answers::default().unary(move |request: Request<Text>| {
        let next = next.clone();
        async move {
            let request = Request::new(request.into_inner());
            if request.get_ref().text == "detached" {
                return detached(unary(&next, request)).await;
            }
            unary(&next, request).await
        }
    })
}

#[tokio::test]
async fn a_chain_of_three_services_shares_one_deadline_and_one_request_id() {
    let (answers, mut contexts) = contexts();
    let last = start(answers);
    let middle = start(asking(client(&last)));
    let first = start(asking(client(&middle)));
    let channel = client(&first);

    let mut request = text("hello");
    request.set_timeout(Duration::from_secs(60));
    request
        .metadata_mut()
        .insert("x-request-id", "chain".parse().unwrap());
    unary(&channel, request).await.unwrap();
    let context = in_time(contexts.recv()).await.unwrap();
    assert_eq!(context.request_id(), "chain");
    let left = context.remaining().unwrap();
    assert!(
        left < Duration::from_secs(60) && left > Duration::from_secs(30),
        "{left:?}"
    );

    // What is detached has the deadline of its own client, and no id.
    let mut request = text("detached");
    request.set_timeout(Duration::from_secs(60));
    request
        .metadata_mut()
        .insert("x-request-id", "chain".parse().unwrap());
    unary(&channel, request).await.unwrap();
    let context = in_time(contexts.recv()).await.unwrap();
    assert_ne!(context.request_id(), "chain");
    assert!(context.remaining().unwrap() > Duration::from_secs(900));

    // The end of the first is the end of all.
    let mut request = text("hang");
    request.set_timeout(Duration::from_millis(200));
    let status = unary(&channel, request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let context = in_time(contexts.recv()).await.unwrap();
    in_time(context.over()).await;
}
