//! Health and reflection, by their standard contracts. How health ends is in `stop`.

use futures_util::{StreamExt, stream};
use http::uri::PathAndQuery;
use nautil_grpc::{Code, Request, Status};
use tonic::body::Body;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb;

use crate::fixture::{Chunks, channel, config, in_time, send, start};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_knows_the_server_and_each_service() {
    let running = start(&config());
    let mut health = HealthClient::new(channel(&running.address).await);
    for name in ["", "echo.Echo"] {
        let response = health.check(of(name)).await.unwrap().into_inner();
        assert_eq!(response.status(), ServingStatus::Serving);
    }
    let status = health.check(of("echo.Nobody")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "unknown service `echo.Nobody`");

    // The contract says that a watch of an unknown service is no error.
    let mut watch = health.watch(of("echo.Nobody")).await.unwrap().into_inner();
    let response = in_time(watch.next()).await.unwrap().unwrap();
    assert_eq!(response.status(), ServingStatus::ServiceUnknown);
}

#[tokio::test]
async fn health_reads_requests_by_the_rules_of_all_services() {
    let running = start(&config());
    let mut channel = channel(&running.address).await;
    for (chunks, code) in [
        (
            &[&b"\0\0\0\0\0"[..], b"\0\0\0\0\0"][..],
            Code::Unimplemented,
        ),
        (&[], Code::Unimplemented),
        (&[b"\0\x7f\0\0\0"], Code::ResourceExhausted),
        (&[b"\0\0\0\0\x02\x0a\x7f"], Code::Internal),
        (&[b"\0\0\0\0\0"], Code::Ok),
    ] {
        let request = http::Request::post("http://host/grpc.health.v1.Health/Check")
            .header("content-type", "application/grpc")
            .body(Body::new(Chunks(chunks.iter().copied().collect())));
        let response = send(&mut channel, request.unwrap()).await;
        let status = Status::from_header_map(response.headers());
        let found = status.map_or(Code::Ok, |status| status.code());
        assert_eq!(found, code, "{chunks:?}");
    }
    let request = http::Request::post("http://host/grpc.health.v1.Health/Chek")
        .header("content-type", "application/grpc")
        .body(Body::empty());
    let response = send(&mut channel, request.unwrap()).await;
    assert_eq!(response.headers()["grpc-status"], "12");
}

macro_rules! reflection {
    ($test:ident, $version:ident, $path:literal) => {
        #[tokio::test]
        async fn $test() {
            use pb::$version::server_reflection_request::MessageRequest;
            use pb::$version::server_reflection_response::MessageResponse;
            use pb::$version::{ServerReflectionRequest, ServerReflectionResponse};

            let running = start(&config());
            let mut client = running.client().await;
            client.ready().await.unwrap();
            let requests = [
                MessageRequest::ListServices(String::new()),
                MessageRequest::FileContainingSymbol("echo.Echo".to_owned()),
                MessageRequest::FileContainingSymbol("grpc.health.v1.Health".to_owned()),
                MessageRequest::FileContainingSymbol(
                    "grpc.reflection.v1.ServerReflection".to_owned(),
                ),
                MessageRequest::FileContainingSymbol(
                    "grpc.reflection.v1alpha.ServerReflection".to_owned(),
                ),
            ]
            .map(|request| ServerReflectionRequest {
                host: String::new(),
                message_request: Some(request),
            });
            let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
            let path = PathAndQuery::from_static($path);
            let requests = Request::new(stream::iter(requests));
            let mut responses = client
                .streaming(requests, path, codec)
                .await
                .unwrap()
                .into_inner();

            let mut next = async || {
                let response = in_time(responses.next()).await.unwrap().unwrap();
                response.message_response.unwrap()
            };
            let MessageResponse::ListServicesResponse(list) = next().await else {
                panic!("no list");
            };
            let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
            assert_eq!(
                names,
                [
                    "echo.Echo",
                    "grpc.health.v1.Health",
                    "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ]
            );
            for _ in 0..4 {
                let MessageResponse::FileDescriptorResponse(file) = next().await else {
                    panic!("no file");
                };
                assert_eq!(file.file_descriptor_proto.len(), 1);
            }
        }
    };
}

reflection!(
    reflection_v1_lists_and_describes_the_services,
    v1,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
);
reflection!(
    reflection_v1alpha_lists_and_describes_the_services,
    v1alpha,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
);
