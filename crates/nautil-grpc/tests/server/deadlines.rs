//! How long a call may take, by its client and by the config.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use h2::client::SendRequest;
use nautil_grpc::server::{Error, MethodConfig, MethodDeadline, Router};
use nautil_grpc::{BoxStream, Code, Request, RequestExt, Response};
use tokio::sync::mpsc;

use crate::answers::Answers;
use crate::echo::{EchoInterface, Text};
use crate::fixture::{Running, config, in_time, serve};

/// Says through its channel that it was dropped.
struct Guard(mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Answers with what is left until the deadline, in milliseconds.
fn remaining() -> Answers {
    Answers::default().unary(|request| async move {
        let remaining = request.context().remaining();
        let text = remaining.map_or("none".to_owned(), |left| left.as_millis().to_string());
        Ok(Response::new(Text::new(text)))
    })
}

/// A connection without a mind of its own: tonic's keeps deadlines itself.
async fn connect(running: &Running) -> SendRequest<Bytes> {
    let socket = running.socket().await;
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The end of a call of this path whose request has this timeout, and one message: the code, and its text or that of the
/// response's message.
async fn end_of(
    client: &mut SendRequest<Bytes>,
    path: &str,
    timeout: Option<&str>,
) -> (Code, String) {
    let mut request = http::Request::post(format!("http://host{path}"))
        .header("content-type", "application/grpc");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    let (response, mut stream) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    // The text "x", and for a stream as if more were to come.
    let message = Bytes::from_static(b"\0\0\0\0\x03\x0a\x01x");
    let is_all = path == UNARY || path.ends_with("/ServerStreaming");
    stream.send_data(message, is_all).unwrap();
    let (head, mut body) = in_time(response).await.unwrap().into_parts();
    let mut said = Vec::new();
    while let Some(data) = in_time(body.data()).await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        said.extend(data);
    }
    let trailers = in_time(body.trailers()).await.unwrap();
    let trailers = trailers.unwrap_or(head.headers);
    let code = trailers["grpc-status"].to_str().unwrap().parse().unwrap();
    let said = match trailers.get("grpc-message") {
        Some(message) => message.to_str().unwrap().to_owned(),
        None => String::from_utf8_lossy(said.get(7..).unwrap_or_default()).into_owned(),
    };
    (Code::from_i32(code), said)
}

const UNARY: &str = "/echo.Echo/Unary";

#[tokio::test]
async fn a_handler_is_dropped_at_the_deadline_and_its_caller_is_told() {
    let (dropped, mut drops) = mpsc::unbounded_channel();
    let hang = {
        let dropped = dropped.clone();
        move || {
            let guard = Guard(dropped.clone());
            async move {
                let _guard = guard;
                pending().await
            }
        }
    };
    let late = {
        let dropped = dropped.clone();
        move || -> BoxStream<Text> {
            let guard = Guard(dropped.clone());
            let late = stream::once(async move {
                let _guard = guard;
                pending().await
            });
            stream::iter([Ok(Text::new("first"))]).chain(late).boxed()
        }
    };
    let answers = Answers::default()
        .unary({
            let hang = hang.clone();
            move |_| hang()
        })
        .client_streaming(move |_| hang())
        .server_streaming({
            let late = late.clone();
            move |_| std::future::ready(Ok(Response::new(late())))
        })
        .streaming(move |_| std::future::ready(Ok(Response::new(late()))));
    let running = serve(&config(), answers);
    let mut client = connect(&running).await;
    for method in ["Unary", "ClientStreaming", "ServerStreaming", "Streaming"] {
        let path = format!("/echo.Echo/{method}");
        let (code, said) = end_of(&mut client, &path, Some("100m")).await;
        assert_eq!(code, Code::DeadlineExceeded, "{method}: {said}");
        in_time(drops.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_always_has_a_message_ends_at_its_deadline() {
    let answers = Answers::default().server_streaming(|_| {
        let endless = stream::repeat_with(|| Ok(Text::new("more"))).boxed();
        std::future::ready(Ok(Response::new(endless)))
    });
    let running = serve(&config(), answers);
    let mut client = connect(&running).await;
    let (code, _) = end_of(&mut client, "/echo.Echo/ServerStreaming", Some("100m")).await;
    assert_eq!(code, Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_timeout_that_cannot_be_read_is_refused() {
    let running = serve(&config(), remaining());
    let mut client = connect(&running).await;
    for timeout in ["-1S", "1X", "", "S", "1", "123456789S", "1.5S"] {
        let (code, said) = end_of(&mut client, UNARY, Some(timeout)).await;
        assert_eq!(code, Code::InvalidArgument, "{timeout}: {said}");
        assert!(said.starts_with("malformed"), "{timeout}: {said}");
    }
    let (code, _) = end_of(&mut client, UNARY, Some("1n")).await;
    assert_eq!(code, Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_config_sets_a_deadline_and_bounds_that_of_the_client() {
    let seconds = |seconds| Duration::from_secs(seconds).into();
    let mut config = config();
    config.deadline.default = seconds(100);
    config.deadline.maximum = seconds(1000);
    let table = |default: u64, maximum: Option<u64>| MethodConfig {
        deadline: MethodDeadline {
            default: Some(seconds(default)),
            maximum: maximum.map(seconds),
        },
        ..MethodConfig::default()
    };
    let within = |said: &str, limit: u128| {
        let left: u128 = said.parse().unwrap();
        assert!(
            left <= limit * 1000 && left > (limit - 20) * 1000,
            "{said} of {limit} s"
        );
    };
    // What is said of all, of a service, and of one method, each over the one before.
    let tables = [
        (None, 100, 1000),
        (Some(("echo.Echo/*", table(200, Some(400)))), 200, 400),
        (Some(("echo.Echo/Unary", table(300, None))), 300, 400),
    ];
    for (added, default, maximum) in tables {
        if let Some((pattern, table)) = added {
            config.methods.insert(pattern.parse().unwrap(), table);
        }
        let running = serve(&config, remaining());
        let mut client = connect(&running).await;
        within(&end_of(&mut client, UNARY, None).await.1, default);
        within(&end_of(&mut client, UNARY, Some("50S")).await.1, 50);
        within(&end_of(&mut client, UNARY, Some("5H")).await.1, maximum);
    }
}

#[tokio::test]
async fn without_a_limit_there_is_no_deadline() {
    let running = serve(&config(), remaining());
    let mut client = connect(&running).await;
    let (code, said) = end_of(&mut client, UNARY, None).await;
    assert_eq!((code, said.as_str()), (Code::Ok, "none"));
}

#[test]
fn a_table_for_a_method_that_nobody_serves_is_an_error() {
    for pattern in ["echo.Echo/Unarry", "echo.Ecco/*", "echo.Echo/unary"] {
        let mut config = config();
        let table = MethodConfig::default();
        config.methods.insert(pattern.parse().unwrap(), table);
        let router = Router::new(&config).mount::<dyn EchoInterface>(Arc::new(remaining()));
        let error = router.build().unwrap_err();
        assert!(matches!(error, Error::UnknownMethod { .. }));
        assert_eq!(
            error.to_string(),
            format!(
                "`server.methods` has `{pattern}`, which is no method that is served; there are \
                 echo.Echo/Unary, echo.Echo/ServerStreaming, echo.Echo/ClientStreaming, echo.Echo/Streaming"
            )
        );
    }
}

#[test]
fn a_request_without_a_call_has_a_context_of_no_call() {
    let context = Request::new(()).context();
    assert_eq!(context.remaining(), None);
    assert!(!context.is_over());
}
