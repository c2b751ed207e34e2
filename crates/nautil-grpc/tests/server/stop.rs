//! The drain, and what is cut.

use std::time::Duration;

use futures_util::StreamExt;
use http::uri::PathAndQuery;
use nautil_grpc::Request;
use tokio::net::TcpStream;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::fixture::{channel, config, in_time, modes, start, unary};

#[tokio::test]
async fn a_call_in_flight_is_finished_and_nobody_new_is_let_in() {
    for config in modes() {
        let running = start(&config);
        let address = running.address.clone();
        let mut health = HealthClient::new(channel(&address).await);
        let request = HealthCheckRequest::default();
        let mut watch = health.watch(request).await.unwrap().into_inner();
        let mut next = async || {
            in_time(watch.next())
                .await
                .map(|item| item.unwrap().status())
        };
        assert_eq!(next().await, Some(ServingStatus::Serving));

        let mut client = running.client().await;
        let call = tokio::spawn(async move { unary(&mut client, "wait").await });
        in_time(running.echo.entered.notified()).await;
        running.stop.cancel();

        // The watch says when the drain has begun, and does not hold it.
        assert_eq!(next().await, Some(ServingStatus::NotServing));
        assert_eq!(next().await, None);
        let error = TcpStream::connect(&address).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);

        running.echo.release.notify_one();
        assert_eq!(in_time(call).await.unwrap().unwrap(), "wait");
        let drained = running.stopped().await;
        assert!(drained.is_clean());
        assert_eq!(drained.to_string(), "every call was finished");
    }
}

#[tokio::test]
async fn what_is_in_flight_after_the_timeout_is_cut_and_counted() {
    for mut config in modes() {
        config.drain_timeout = Duration::from_millis(50);
        let running = start(&config);
        let mut client = running.client().await;
        let call = {
            let mut client = client.clone();
            tokio::spawn(async move { unary(&mut client, "wait").await })
        };
        in_time(running.echo.entered.notified()).await;
        // A call that is over is not counted.
        assert_eq!(unary(&mut client, "over").await.unwrap(), "over");

        let drained = running.stop().await;
        assert_eq!(drained.to_string(), "1 connections with 1 calls were cut");
        assert!(in_time(call).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_connection_that_has_asked_nothing_does_not_hold_the_drain() {
    let running = start(&config());
    let _silent = running.socket().await;
    let mut client = running.client().await;
    assert_eq!(unary(&mut client, "served").await.unwrap(), "served");
    assert!(running.stop().await.is_clean());
}

#[tokio::test]
async fn an_open_reflection_stream_holds_no_drain() {
    let running = start(&config());
    let mut client = running.client().await;
    client.ready().await.unwrap();
    let (requests, receiver) = tokio::sync::mpsc::unbounded_channel();
    requests
        .send(ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        })
        .unwrap();
    let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let response = client.streaming(
        Request::new(UnboundedReceiverStream::new(receiver)),
        PathAndQuery::from_static(path),
        codec,
    );
    let mut answers = response.await.unwrap().into_inner();
    assert!(in_time(answers.message()).await.unwrap().is_some());

    // The client keeps its side open: `requests` lives to the end.
    let drained = in_time(running.stop()).await;
    assert!(drained.is_clean(), "{drained}");
    assert!(in_time(answers.message()).await.unwrap().is_none());
    drop(requests);
}
