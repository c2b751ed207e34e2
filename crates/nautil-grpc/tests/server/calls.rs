//! Calls, good and bad.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use nautil_grpc::client::ClientConfig;
use nautil_grpc::server::{Router, Routes, serve_connection};
use nautil_grpc::{Code, Request, Response, Status};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;
use tower::ServiceExt;

use crate::answers::Answers;
use crate::echo::{Echo, EchoInterface, Text, method};
use crate::fixture::{
    Chunks, DATA, END_STREAM, Frame, RST_STREAM, call, channel, config, http2, in_time,
    logged_anywhere, modes, routes, send, serve, start, start_with, unary,
};

#[tokio::test]
async fn all_four_kinds_are_answered_in_both_modes() {
    for config in modes() {
        let running = start(&config);
        let mut client = running.client().await;
        let codec = ProstCodec::<Text, Text>::default;
        let texts = || stream::iter(["a", "b", "c"].map(Text::new));

        assert_eq!(unary(&mut client, "hello").await.unwrap(), "hello");

        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/echo.Echo/ClientStreaming");
        let response = client
            .client_streaming(Request::new(texts()), path, codec())
            .await;
        assert_eq!(response.unwrap().into_inner().text, "abc");

        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/echo.Echo/ServerStreaming");
        let response = client
            .server_streaming(Request::new(Text::new("x")), path, codec())
            .await;
        let messages: Vec<_> = response.unwrap().into_inner().collect().await;
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[1].as_ref().unwrap().text, "x");
        assert_eq!(messages[2].as_ref().unwrap_err().code(), Code::DataLoss);

        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/echo.Echo/Streaming");
        let response = client.streaming(Request::new(texts()), path, codec()).await;
        let messages: Vec<_> = response.unwrap().into_inner().collect().await;
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[2].as_ref().unwrap().text, "c");

        drop(client);
        assert!(running.stop().await.is_clean());
    }
}

#[tokio::test]
async fn metadata_and_statuses_of_the_handler_arrive() {
    let running = start(&config());
    let mut client = running.client().await;

    let mut request = Request::new(Text::new("hello"));
    request
        .metadata_mut()
        .insert("sent", "along".parse().unwrap());
    let response = call(&mut client, "/echo.Echo/Unary", request)
        .await
        .unwrap();
    assert_eq!(response.metadata().get("received").unwrap(), "along");

    let status = unary(&mut client, "fail").await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "as asked");
}

#[tokio::test]
async fn what_is_not_there_is_unimplemented_and_named() {
    let running = start(&config());
    let mut client = running.client().await;
    for (path, message) in [
        ("/echo.Nobody/Unary", "unknown service `echo.Nobody`"),
        ("/echo.Echo/Nothing", "unknown method `/echo.Echo/Nothing`"),
        (
            "/echo.Echo",
            "malformed path `/echo.Echo`: expected `/<service>/<method>`",
        ),
        (
            "/a/echo.Echo/Unary",
            "malformed path `/a/echo.Echo/Unary`: expected `/<service>/<method>`",
        ),
    ] {
        let status = call(&mut client, path, Request::new(Text::new("x")))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
        assert_eq!(status.message(), message);
    }
    assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
}

/// Bytes on the wire that no client of tonic's would send.
async fn answer_to(path: &str, chunks: &[&[u8]]) -> String {
    let running = start(&config());
    let mut socket = http2(&running).await;
    Frame::request(1, path).write(&mut socket).await;
    for (index, chunk) in chunks.iter().enumerate() {
        let flags = if index + 1 == chunks.len() {
            END_STREAM
        } else {
            0
        };
        Frame::new(DATA, flags, 1, *chunk).write(&mut socket).await;
    }
    let mut text = String::new();
    loop {
        let frame = Frame::read(&mut socket).await;
        if frame.stream != 1 {
            continue;
        }
        // The names and values of short headers go over the wire as they are, or Huffman-coded; data as it is.
        text.push_str(&format!("{}:{:?} ", frame.kind, frame.payload));
        if frame.flags & END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(
        unary(&mut running.client().await, "alive").await.unwrap(),
        "alive"
    );
    text
}

#[tokio::test]
async fn a_message_in_pieces_is_put_together() {
    let message: &[u8] = b"\0\0\0\0\x04\x0a\x02hi";
    let whole = answer_to("/echo.Echo/Unary", &[message]).await;
    let data = format!("{message:?}");
    assert!(whole.contains(&data), "{whole}");
    let pieces: Vec<_> = message.chunks(1).collect();
    assert_eq!(answer_to("/echo.Echo/Unary", &pieces).await, whole);
    let end_apart = [message, b""];
    assert_eq!(answer_to("/echo.Echo/Unary", &end_apart).await, whole);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_answered_with_a_status() {
    let running = start(&config());
    let mut channel = channel(&running.address).await;
    for (chunks, code, message) in [
        (
            &[&b"\0\0\0\0\x02\x0a\x7f"[..]][..],
            Code::Internal,
            "the request has a malformed message",
        ),
        (
            &[b"\0\0\0\0\x7f\x0a"],
            Code::Internal,
            "the request ends within a message",
        ),
        (
            &[b""],
            Code::Unimplemented,
            "the request has no message; this method takes one",
        ),
        (
            &[b"\0\0\0\0\0", b"\0\0\0\0\0"],
            Code::Unimplemented,
            "the request has more than one message; this method takes one",
        ),
        (
            &[b"\x01\0\0\0\0"],
            Code::Internal,
            "the request has a malformed message",
        ),
        (
            &[b"\0\x7f\0\0\0"],
            Code::ResourceExhausted,
            "the request has a message of 2130706432 bytes; the limit is 4194304",
        ),
    ] {
        for method in ["Unary", "ServerStreaming"] {
            let status = raw_status(&mut channel, method, chunks).await;
            assert_eq!((status.code(), status.message()), (code, message));
        }
    }
    for (chunks, code) in [
        (&[&b"\0\0\0\0\x02\x0a\x7f"[..]][..], Code::Internal),
        (&[b"\0\x7f\0\0\0"], Code::ResourceExhausted),
    ] {
        let status = raw_status(&mut channel, "ClientStreaming", chunks).await;
        assert_eq!(status.code(), code);
    }
    let mut client = Grpc::new(channel);
    assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
}

async fn raw_status(channel: &mut Channel, method: &str, chunks: &[&'static [u8]]) -> Status {
    let request = http::Request::post(format!("http://host/echo.Echo/{method}"))
        .header("content-type", "application/grpc")
        .body(Body::new(Chunks(chunks.iter().copied().collect())))
        .unwrap();
    let response = send(channel, request).await;
    Status::from_header_map(response.headers()).expect("an error comes in the headers")
}

#[tokio::test]
async fn a_response_too_large_is_said_to_be() {
    let running = start(&config());
    let status = unary(&mut running.client().await, "large")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(
        status.message(),
        "the response has a message of 5242885 bytes; the limit is 4194304"
    );
}

#[tokio::test]
async fn a_panic_is_internal_and_the_connection_lives() {
    let running = start(&config());
    let mut client = running.client().await;
    let status = unary(&mut client, "panic").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), "internal error");
    assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
}

#[tokio::test]
async fn one_stream_more_than_allowed_is_refused() {
    const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
    let mut config = config();
    config.limits.max_concurrent_streams = 1.try_into().unwrap();
    let running = start(&config);
    let mut socket = http2(&running).await;
    Frame::request(1, "/echo.Echo/Unary")
        .write(&mut socket)
        .await;
    Frame::request(3, "/echo.Echo/Unary")
        .write(&mut socket)
        .await;

    let reset = Frame::read_kind(&mut socket, RST_STREAM).await;
    assert_eq!(reset.stream, 3);
    assert_eq!(reset.payload, REFUSED_STREAM);
}

#[tokio::test]
async fn a_content_type_is_the_same_in_any_case_and_with_parameters() {
    let running = start(&config());
    let mut channel = channel(&running.address).await;
    for content_type in [
        "application/grpc",
        "Application/gRPC",
        "application/grpc+proto",
        "application/grpc;charset=utf-8",
        "application/grpc ; x=y",
    ] {
        let request = http::Request::post("http://host/echo.Echo/Unary")
            .header("content-type", content_type)
            .body(Body::new(Chunks([&b"\0\0\0\0\0"[..]].into())));
        let response = send(&mut channel, request.unwrap()).await;
        assert_eq!(response.status(), 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_message_of_a_status_is_shortened_to_what_clients_take() {
    let running = serve(
        &config(),
        Answers::default().unary(|request: Request<Text>| async move {
            Err(Status::aborted(request.into_inner().text))
        }),
    );
    let mut client = running.client().await;
    for letter in ["x", "é", "%"] {
        let long = letter.repeat(30_000);
        let status = unary(&mut client, &long).await.unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        let kept = status.message().strip_suffix("...").unwrap();
        assert!(kept.len() > 1_000 && kept.len() <= 4_096, "{}", kept.len());
    }
    let whole = "x".repeat(4_096);
    let status = unary(&mut client, &whole).await.unwrap_err();
    assert_eq!(status.message(), whole);
}

#[tokio::test]
async fn a_stream_that_panics_when_it_is_dropped_has_sent_its_messages() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            panic!("as asked, at the end");
        }
    }
    let running = serve(
        &config(),
        Answers::default().server_streaming(|_| async {
            let guard = Guard;
            let messages = stream::iter(["a", "b"]).map(move |text| {
                let _held = &guard;
                Ok(Text::new(text))
            });
            Ok(Response::new(messages.boxed()))
        }),
    );
    let mut client = running.client().await;
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/echo.Echo/ServerStreaming");
    let codec = ProstCodec::<Text, Text>::default();
    let request = Request::new(Text::new("x"));
    let answered = client.server_streaming(request, path, codec).await;
    let all: Vec<_> = in_time(answered.unwrap().into_inner().collect()).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[2].as_ref().unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn a_peer_that_does_not_speak_grpc_gets_an_http_status() {
    let running = start(&config());
    let mut channel = channel(&running.address).await;
    for (method, content_type, status) in [
        ("GET", "application/grpc", 405),
        ("POST", "application/json", 415),
        ("POST", "application/grpcfoo", 415),
        ("POST", "application/grpc+json", 415),
        ("POST", "application/grpc-web", 415),
        ("POST", "application/grpc-web+proto", 415),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri("http://host/echo.Echo/Unary")
            .header("content-type", content_type)
            .body(Body::empty())
            .unwrap();
        assert_eq!(send(&mut channel, request).await.status(), status);
    }
}

#[tokio::test]
async fn the_last_layer_is_the_outermost() {
    let config = config();
    let echo = Arc::new(Echo::default());
    let mark = |mark: &'static str| {
        tower_layer::layer_fn(move |routes: Routes| {
            routes.map_response(move |mut response: http::Response<Body>| {
                response.headers_mut().append("mark", mark.parse().unwrap());
                response
            })
        })
    };
    let routes = Router::new(&config)
        .layer(mark("inner"))
        .mount::<dyn EchoInterface>(Arc::<Echo>::clone(&echo))
        .layer(mark("outer"))
        .build()
        .unwrap();
    let running = start_with(&config, routes, echo);
    let request = Request::new(Text::new("hello"));
    let response = call(&mut running.client().await, "/echo.Echo/Unary", request).await;
    let marks: Vec<_> = response
        .unwrap()
        .metadata()
        .get_all("mark")
        .iter()
        .map(|mark| mark.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(marks, ["inner", "outer"]);
}

#[tokio::test]
async fn a_service_that_is_mounted_twice_is_an_error() {
    let config = config();
    let error = Router::new(&config)
        .mount::<dyn EchoInterface>(Arc::new(Echo::default()))
        .mount::<dyn EchoInterface>(Arc::new(Echo::default()))
        .build()
        .unwrap_err();
    assert_eq!(error.to_string(), "service `echo.Echo` is mounted twice");
}

#[tokio::test]
async fn a_connection_can_be_served_without_a_port() {
    let config = config();
    let routes = routes(&config, &Arc::new(Echo::default()));
    let connector = tower::service_fn(move |_| {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (config, routes) = (config.clone(), routes.clone());
        tokio::spawn(async move {
            serve_connection(far, routes, &config, std::future::pending()).await;
        });
        async { Ok::<_, std::io::Error>(TokioIo::new(near)) }
    });
    let channel = Endpoint::from_static("http://in.process")
        .connect_with_connector(connector)
        .await
        .unwrap();
    assert_eq!(
        unary(&mut Grpc::new(channel), "hello").await.unwrap(),
        "hello"
    );
}

#[tokio::test]
async fn a_cancelled_upload_is_not_taken_for_a_whole_one() {
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    let running = start(&config());
    let mut socket = http2(&running).await;
    let request = Frame::request(1, "/echo.Echo/ClientStreaming");
    request.write(&mut socket).await;
    let half = Frame::new(DATA, 0, 1, *b"\0\0\0\0\x03\x0a\x01a");
    half.write(&mut socket).await;
    in_time(running.echo.entered.notified()).await;

    Frame::new(RST_STREAM, 0, 1, CANCEL)
        .write(&mut socket)
        .await;
    in_time(running.echo.entered.notified()).await;
    let ended = running.echo.ended.lock().unwrap().take();
    assert_eq!(ended, Some(Err(Code::Cancelled)));
}

#[tokio::test]
async fn a_panic_in_a_response_stream_comes_after_its_messages_and_is_logged() {
    let log = logged_anywhere();
    let routes = routes(&config(), &Arc::new(Echo::default()));
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        serve_connection(far, routes, &config(), std::future::pending()).await;
    });
    let near = std::sync::Mutex::new(Some(near));
    let target = nautil_grpc::client::Target {
        service: "echo.Echo",
        variable: "ECHO_HOST",
    };
    let channel = nautil_grpc::Channel::over(target, &ClientConfig::default(), move || {
        let near = near.lock().unwrap().take();
        std::future::ready(near.ok_or_else(|| std::io::Error::other("one connection only")))
    });
    let answered = channel
        .server_streaming::<Text, Text>(method("ServerStreaming"), Request::new(Text::new("panic")))
        .await;
    let all: Vec<_> = in_time(answered.unwrap().into_inner().collect()).await;
    let texts: Vec<_> = all.iter().flatten().map(|text| &*text.text).collect();
    assert_eq!(texts, ["a", "b"]);
    let status = all.last().unwrap().as_ref().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), "internal error");
    assert_eq!(all.len(), 3);

    let log = log.text();
    let line = log.lines().find(|line| line.contains("as asked, later"));
    let line = line.unwrap_or_else(|| panic!("nothing is logged: {log}"));
    assert!(line.contains("/echo.Echo/ServerStreaming"), "{line}");
    assert!(line.contains("a handler panicked"), "{line}");
}

#[tokio::test]
async fn messages_that_are_ready_together_are_one_frame_of_data() {
    let running = start(&config());
    let mut socket = http2(&running).await;
    let request = Frame::request(1, "/echo.Echo/Streaming");
    request.write(&mut socket).await;
    let messages = b"\0\0\0\0\x03\x0a\x01a".repeat(100);
    Frame::new(DATA, END_STREAM, 1, messages.clone())
        .write(&mut socket)
        .await;
    let mut data = Vec::new();
    loop {
        let frame = Frame::read(&mut socket).await;
        if frame.stream == 1 && frame.kind == DATA {
            data.push(frame.payload);
        } else if frame.stream == 1 && frame.flags & END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(data.concat(), messages);
    assert_eq!(data.len(), 1, "{} frames", data.len());
}
