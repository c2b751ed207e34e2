//! The server that interop clients call: `interop <certificate> <key>`, or in plain text without them. It says its port on standard
//! output, and ends with its standard input.

use std::sync::Arc;
use std::time::Duration;

use conformance::BoxError;
use conformance::generated::grpc::testing::{
    EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
    TestServiceInterface,
};
use futures_util::StreamExt;
use nautil_grpc::metadata::MetadataMap;
use nautil_grpc::server::{Router, Server, ServerConfig};
use nautil_grpc::{
    BoxStream, Code, Context, Request, RequestExt, Response, Status, async_trait, messages,
};
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut config = ServerConfig {
        listen: "127.0.0.1:0".parse()?,
        ..ServerConfig::default()
    };
    let mut files = std::env::args().skip(1);
    if let (Some(certificate), Some(key)) = (files.next(), files.next()) {
        config.tls.certificate = Some(certificate.into());
        config.tls.key = Some(key.into());
    }
    let routes = Router::new(&config)
        .mount::<dyn TestServiceInterface>(Arc::new(Interop))
        .build()?;
    let server = Server::bind(&config)?;
    let address = server.address().to_string();
    println!("{}", address.rsplit(':').next().unwrap_or_default());
    let running = server.start(routes).await?;
    let _ = running
        .until(async {
            let mut rest = Vec::new();
            let _ = tokio::io::stdin().read_to_end(&mut rest).await;
        })
        .await;
    Ok(())
}

struct Interop;

/// The metadata that a client sends to have them back.
fn echo(metadata: &MetadataMap, context: &Context) {
    if let Some(value) = metadata.get("x-grpc-test-echo-initial").cloned() {
        context.headers(|headers| headers.insert("x-grpc-test-echo-initial", value));
    }
    let name = "x-grpc-test-echo-trailing-bin";
    if let Some(value) = metadata.get_bin(name).cloned() {
        context.trailers(|trailers| trailers.insert_bin(name, value));
    }
}

fn payload(size: i32) -> Option<Payload> {
    let body = vec![0; usize::try_from(size).unwrap_or_default()];
    Some(Payload { r#type: 0, body })
}

fn refuse(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => {
            Err(Status::new(Code::from_i32(status.code), status.message))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl TestServiceInterface for Interop {
    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        echo(request.metadata(), &request.context());
        let request = request.into_inner();
        refuse(request.response_status)?;
        let payload = payload(request.response_size);
        Ok(Response::new(SimpleResponse { payload }))
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<BoxStream<StreamingOutputCallResponse>>, Status> {
        let request = request.into_inner();
        Ok(Response::new(messages::produce(async move |mut out| {
            answer(request, &mut out).await
        })))
    }

    async fn streaming_input_call(
        &self,
        request: Request<BoxStream<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut messages = request.into_inner();
        let mut size = 0;
        while let Some(message) = messages.next().await.transpose()? {
            size += message.payload.map_or(0, |payload| payload.body.len());
        }
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size: i32::try_from(size).unwrap_or(i32::MAX),
        }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<BoxStream<StreamingOutputCallRequest>>,
    ) -> Result<Response<BoxStream<StreamingOutputCallResponse>>, Status> {
        echo(request.metadata(), &request.context());
        let mut requests = request.into_inner();
        Ok(Response::new(messages::produce(async move |mut out| {
            while let Some(request) = requests.next().await.transpose()? {
                answer(request, &mut out).await?;
            }
            Ok(())
        })))
    }

    async fn half_duplex_call(
        &self,
        request: Request<BoxStream<StreamingOutputCallRequest>>,
    ) -> Result<Response<BoxStream<StreamingOutputCallResponse>>, Status> {
        let mut requests = request.into_inner();
        Ok(Response::new(messages::produce(async move |mut out| {
            let mut all = Vec::new();
            while let Some(request) = requests.next().await.transpose()? {
                all.push(request);
            }
            for request in all {
                answer(request, &mut out).await?;
            }
            Ok(())
        })))
    }
}

/// Sends what one request asks for.
async fn answer(
    request: StreamingOutputCallRequest,
    out: &mut messages::Sender<StreamingOutputCallResponse>,
) -> Result<(), Status> {
    for parameters in request.response_parameters {
        let pause = u64::try_from(parameters.interval_us).unwrap_or_default();
        tokio::time::sleep(Duration::from_micros(pause)).await;
        let payload = payload(parameters.size);
        out.send(StreamingOutputCallResponse { payload }).await;
    }
    refuse(request.response_status)
}
