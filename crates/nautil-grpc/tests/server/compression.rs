//! Messages that are compressed on their way, in both directions.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nautil_grpc::server::{MethodConfig, ServerConfig};
use nautil_grpc::{BoxStream, Channel, Code, Encoding, Encodings, Request, Response, Status};

use crate::echo::{Text, method};
use crate::fixture::{Running, config, in_time, own_client, start};

const ALL: [Encoding; 3] = [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd];

/// Longer than what is not worth the work.
fn long() -> String {
    "all work and no play ".repeat(500)
}

async fn unary(channel: &Channel, text: &str) -> Result<String, Status> {
    let request = Request::new(Text::new(text));
    let response: Response<Text> = in_time(channel.unary(method("Unary"), request)).await?;
    Ok(response.into_inner().text)
}

/// What a server answers to a request by hand.
struct Answer {
    code: Code,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

/// Calls `Unary` with these headers, and a body as it is.
async fn by_hand(running: &Running, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    by_hand_to(running, "Unary", headers, body).await
}

async fn by_hand_to(
    running: &Running,
    method: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Answer {
    let socket = running.socket().await;
    let (mut client, connection) = h2::client::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://host/echo.Echo/{method}"))
        .header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut stream) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    stream.send_data(Bytes::from(body), true).unwrap();
    let (head, mut received) = in_time(response).await.unwrap().into_parts();
    let mut body = Vec::new();
    while let Some(data) = in_time(received.data()).await {
        let data = data.unwrap();
        received
            .flow_control()
            .release_capacity(data.len())
            .unwrap();
        body.extend(data);
    }
    let trailers = in_time(received.trailers()).await.unwrap();
    let end = trailers.as_ref().unwrap_or(&head.headers);
    let code = end["grpc-status"].to_str().unwrap().parse().unwrap();
    connection.abort();
    Answer {
        code: Code::from_i32(code),
        headers: head.headers,
        body,
    }
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![flag];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

/// `text` as a message.
fn message(text: &str) -> Vec<u8> {
    prost::Message::encode_to_vec(&Text::new(text))
}

fn compressed(encoding: Encoding, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let level = flate2::Compression::default();
    match encoding {
        Encoding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut bytes, level);
            encoder.write_all(message).unwrap();
            encoder.finish().unwrap();
        }
        Encoding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(&mut bytes, level);
            encoder.write_all(message).unwrap();
            encoder.finish().unwrap();
        }
        _ => zstd::stream::copy_encode(message, &mut bytes, 3).unwrap(),
    }
    bytes
}

#[tokio::test]
async fn requests_are_taken_in_every_encoding() {
    let running = start(&config());
    for encoding in ALL {
        let channel = own_client(&running, |config| config.compression.send = Some(encoding));
        assert_eq!(unary(&channel, &long()).await.unwrap(), long());
        assert_eq!(unary(&channel, "short").await.unwrap(), "short");

        let texts = stream::iter([long(), "short".to_owned(), long()]);
        let texts: BoxStream<Text> = texts.map(|text| Ok(Text { text })).boxed();
        let path = method("Streaming");
        let answered = in_time(channel.streaming(path, Request::new(texts))).await;
        let answered: Response<BoxStream<Text>> = answered.unwrap();
        let back: Vec<_> = in_time(answered.into_inner().collect()).await;
        let back: Vec<_> = back.into_iter().map(|text| text.unwrap().text).collect();
        assert_eq!(back, [long(), "short".to_owned(), long()]);
    }
}

#[tokio::test]
async fn a_response_is_compressed_by_the_first_choice_that_its_client_takes() {
    let mut config = config();
    config.compression.send = Encodings::try_from(vec![Encoding::Zstd, Encoding::Gzip]).unwrap();
    let running = start(&config);
    let answer = async |accepted: Option<&str>, text: &str| {
        let headers: Vec<_> = accepted
            .iter()
            .map(|accepted| ("grpc-accept-encoding", *accepted))
            .collect();
        let answer = by_hand(&running, &headers, framed(0, &message(text))).await;
        assert_eq!(answer.code, Code::Ok);
        let encoding = answer.headers.get("grpc-encoding").cloned();
        let encoding = encoding.map(|name| name.to_str().unwrap().to_owned());
        (encoding, answer.body)
    };
    for (accepted, expected) in [("identity,gzip,zstd", "zstd"), ("gzip, deflate", "gzip")] {
        let (encoding, body) = answer(Some(accepted), &long()).await;
        assert_eq!(encoding.as_deref(), Some(expected));
        assert_eq!(body[0], 1);
        assert!(body.len() < 200, "{}", body.len());
        // What is small goes as it is.
        let (_, body) = answer(Some(accepted), "short").await;
        assert_eq!(body, framed(0, &message("short")));
    }
    for accepted in [None, Some("identity"), Some("deflate")] {
        let (encoding, body) = answer(accepted, &long()).await;
        assert_eq!(encoding, None);
        assert_eq!(body, framed(0, &message(&long())));
    }
    // The client of this crate takes them all.
    assert_eq!(
        unary(&own_client(&running, |_| {}), &long()).await.unwrap(),
        long()
    );
}

#[tokio::test]
async fn a_method_may_have_encodings_of_its_own() {
    let mut config = config();
    config.compression.send = Encodings::ALL;
    let mut table = MethodConfig::default();
    table.compression.send = Some(Encodings::NONE);
    table.compression.accept = Some(Encodings::only(Encoding::Gzip));
    config
        .methods
        .insert("echo.Echo/Unary".parse().unwrap(), table);
    let running = start(&config);
    let accepted = [("grpc-accept-encoding", "gzip")];
    let answer = by_hand(&running, &accepted, framed(0, &message(&long()))).await;
    assert_eq!(answer.body, framed(0, &message(&long())));
    let zstd = own_client(&running, |config| {
        config.compression.send = Some(Encoding::Zstd);
    });
    let status = unary(&zstd, &long()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_encoding_that_is_not_accepted_is_unimplemented_and_says_what_is() {
    let running = start(&config());
    for flag in [0, 1] {
        let headers = [("grpc-encoding", "snappy")];
        let answer = by_hand(&running, &headers, framed(flag, &message("x"))).await;
        assert_eq!(answer.code, Code::Unimplemented);
        let accepted = &answer.headers["grpc-accept-encoding"];
        assert_eq!(accepted, "identity,gzip,zstd,deflate");
    }
    // Compressed, but nobody says how; and what no encoder made.
    let answer = by_hand(&running, &[], framed(1, &message("x"))).await;
    assert_eq!(answer.code, Code::Internal);
    let answer = by_hand(&running, &[("grpc-encoding", "identity")], framed(1, b"x")).await;
    assert_eq!(answer.code, Code::Internal);
    for encoding in ["gzip", "deflate", "zstd"] {
        let headers = [("grpc-encoding", encoding)];
        let answer = by_hand(&running, &headers, framed(1, b"no such thing")).await;
        assert_eq!(answer.code, Code::Internal, "{encoding}");
        // A message need not be compressed.
        let answer = by_hand(&running, &headers, framed(0, &message("x"))).await;
        assert_eq!(answer.code, Code::Ok, "{encoding}");
    }
}

#[tokio::test]
async fn a_bomb_is_refused_as_soon_as_it_is_over_the_limit() {
    const BOMBS: usize = 50;
    let mut config: ServerConfig = config();
    config.limits.max_concurrent_streams = 1000.try_into().unwrap();
    let running = start(&config);
    for encoding in ALL {
        let bomb = compressed(encoding, &vec![0; 16 << 20]);
        assert!(bomb.len() < 100 << 10, "{}", bomb.len());
        let headers = [("grpc-encoding", encoding.name())];
        let calls = (0..BOMBS).map(|_| by_hand(&running, &headers, framed(1, &bomb)));
        let answers = futures_util::future::join_all(calls).await;
        for answer in answers {
            assert_eq!(answer.code, Code::ResourceExhausted, "{encoding:?}");
        }
    }
    // One that is as large as it may be is none.
    let largest = message(&"x".repeat((4 << 20) - 5));
    assert_eq!(largest.len(), 4 << 20);
    let headers = [("grpc-encoding", "gzip")];
    let body = framed(1, &compressed(Encoding::Gzip, &largest));
    let answer = tokio::time::timeout(Duration::from_secs(20), by_hand(&running, &headers, body));
    assert_eq!(answer.await.unwrap().code, Code::Ok);
}

#[tokio::test]
async fn messages_that_are_small_on_the_wire_alone_do_not_outlive_the_deadline() {
    let running = start(&config());
    let message = message(&"x".repeat(3 << 20));
    let body = framed(1, &compressed(Encoding::Zstd, &message)).repeat(100);
    assert!(body.len() < 64 << 10, "{}", body.len());
    let headers = [("grpc-encoding", "zstd"), ("grpc-timeout", "1m")];
    let answer = by_hand_to(&running, "ClientStreaming", &headers, body).await;
    assert_eq!(answer.code, Code::DeadlineExceeded);
}
