//! What a caller makes of responses that are not as a server of this crate would send them.

use std::time::Duration;

use futures_util::StreamExt;
use nautil_grpc::client::ClientConfig;
use nautil_grpc::{BoxStream, Channel, Code, Request, Response, Status};
use tokio::net::TcpListener;

use crate::raw::{self, CANCEL, RESPONSE, Raw, TRAILERS};
use crate::server::{GET, TARGET, Text, WATCH, channel, in_time, text};

/// The message "x", as it is sent.
const MESSAGE: &[u8] = b"\0\0\0\0\x03\x0a\x01x";

/// A head with a status of 5, NOT_FOUND, in it.
fn not_found() -> Vec<u8> {
    [RESPONSE, b"\x00\x0bgrpc-status\x015"].concat()
}

/// Answers one call with these parts.
async fn answer(listener: TcpListener, head: Vec<u8>, data: Vec<u8>, trailers: Option<Vec<u8>>) {
    let mut server = Raw::accept(&listener).await;
    let stream = server.request().await;
    server
        .parts(stream, &head, &data, trailers.as_deref())
        .await;
    server.closed().await;
}

async fn unary(head: &[u8], data: &[u8], trailers: Option<&[u8]>) -> Result<Text, Status> {
    let (listener, address) = raw::listen().await;
    let answering = answer(listener, head.into(), data.into(), trailers.map(Into::into));
    let answering = tokio::spawn(answering);
    let response = in_time(channel(address).unary(GET, Request::new(text("x")))).await;
    answering.abort();
    response.map(Response::into_inner)
}

async fn streamed(
    head: &[u8],
    data: &[u8],
    trailers: Option<&[u8]>,
) -> Result<Vec<Result<Text, Status>>, Status> {
    let (listener, address) = raw::listen().await;
    let answering = answer(listener, head.into(), data.into(), trailers.map(Into::into));
    let answering = tokio::spawn(answering);
    let channel = channel(address);
    let call = channel.server_streaming(WATCH, Request::new(text("x")));
    let response: Response<BoxStream<Text>> = in_time(call).await?;
    let messages = in_time(response.into_inner().collect()).await;
    answering.abort();
    Ok(messages)
}

#[tokio::test]
async fn a_method_with_one_message_takes_no_other_number() {
    let twice = [MESSAGE, MESSAGE].concat();
    for (data, said) in [
        (&b""[..], "there is no message"),
        (&twice, "there is more than one message"),
    ] {
        let status = unary(RESPONSE, data, Some(TRAILERS)).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Unimplemented, said)
        );
    }
    // The same where the head is all that there is.
    let head = [RESPONSE, TRAILERS].concat();
    let status = unary(&head, b"", None).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    // For a stream that is a stream of nothing.
    assert!(streamed(&head, b"", None).await.unwrap().is_empty());
    assert!(
        streamed(RESPONSE, b"", Some(TRAILERS))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_status_in_the_head_counts_only_where_nothing_follows() {
    let status = unary(&not_found(), b"", None).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let answered = unary(&not_found(), MESSAGE, Some(TRAILERS)).await;
    assert_eq!(answered.unwrap(), text("x"));
    let messages = streamed(&not_found(), MESSAGE, Some(TRAILERS)).await;
    assert_eq!(messages.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_that_is_cut_short_is_no_end_of_a_stream() {
    let cut = [MESSAGE, &MESSAGE[..6]].concat();
    let messages = streamed(RESPONSE, &cut, Some(TRAILERS)).await.unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(*messages[0].as_ref().unwrap(), text("x"));
    let status = messages[1].as_ref().unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    let status = unary(RESPONSE, &cut[..6], Some(TRAILERS))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}

#[tokio::test]
async fn an_encoding_that_nobody_knows_is_no_message() {
    let head = [RESPONSE, b"\x00\x0dgrpc-encoding\x06snappy"].concat();
    let status = unary(&head, MESSAGE, Some(TRAILERS)).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(
        status.message(),
        "it is compressed by `snappy`, which was not asked for"
    );
    let compressed = [b"\x01", &MESSAGE[1..]].concat();
    let status = unary(RESPONSE, &compressed, Some(TRAILERS))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Internal);
}

fn patient(address: std::net::SocketAddr, deadline: Duration) -> Channel {
    let config = ClientConfig {
        host: Some(address.to_string().parse().unwrap()),
        deadline: deadline.into(),
        ..ClientConfig::default()
    };
    Channel::connect(TARGET, &config).unwrap()
}

#[tokio::test]
async fn a_server_that_stops_a_call_at_its_deadline_is_not_one_that_cancels_it() {
    for (limit, code) in [
        (Duration::from_millis(5), Code::DeadlineExceeded),
        (Duration::from_secs(20), Code::Cancelled),
    ] {
        let (listener, address) = raw::listen().await;
        let channel = patient(address, Duration::from_secs(20));
        // The connection is there before the clock runs.
        let warm = tokio::spawn({
            let channel = channel.clone();
            async move {
                channel
                    .unary::<Text, Text>(GET, Request::new(text("x")))
                    .await
            }
        });
        let mut server = Raw::accept(&listener).await;
        let stream = server.request().await;
        server.answer(stream, "x").await;
        in_time(warm).await.unwrap().unwrap();

        let mut request = Request::new(text("x"));
        request.set_timeout(limit);
        let call = tokio::spawn(async move { channel.unary::<Text, Text>(GET, request).await });
        // The call may be over before its message is sent.
        let stream = server.headers().await;
        server.reset(stream, CANCEL).await;
        let status = in_time(call).await.unwrap().unwrap_err();
        assert_eq!(status.code(), code, "{status}");
    }
}

#[tokio::test]
async fn a_code_is_told_whatever_is_wrong_with_its_message_and_details() {
    let details = b"\x00\x17grpc-status-details-bin\x03!!!";
    let message = b"\x00\x0cgrpc-message\x06caf%E9";
    let head = [&not_found()[..], details, message].concat();
    for answered in [
        unary(&head, b"", None).await,
        unary(RESPONSE, MESSAGE, Some(&head[RESPONSE.len()..])).await,
    ] {
        let status = answered.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "caf\u{fffd}");
        assert!(status.details().is_empty());
    }
    // Beside a success it is nothing at all.
    let trailers = [TRAILERS, details].concat();
    assert!(unary(RESPONSE, MESSAGE, Some(&trailers)).await.is_ok());
}
