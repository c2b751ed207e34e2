//! The server under test: `connectrpc.conformance.v1.ConformanceService`, as its contract describes it.

use std::sync::Arc;
use std::time::Duration;

use conformance::dto::conformance_payload::RequestInfo;
use conformance::dto::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse,
    ConformancePayload, Error, IdempotentUnaryRequest, IdempotentUnaryResponse,
    ServerCompatRequest, ServerCompatResponse, ServerStreamRequest, ServerStreamResponse,
    StreamResponseDefinition, UnaryRequest, UnaryResponse, UnaryResponseDefinition,
    UnimplementedRequest, UnimplementedResponse, unary_response_definition,
};
use conformance::service::ConformanceServiceInterface;
use conformance::{BoxError, add, any, read, told, write};
use futures_util::StreamExt;
use nautil_grpc::metadata::MetadataMap;
use nautil_grpc::prost_types::Any;
use nautil_grpc::server::{Limits, Router, Server, ServerConfig, TlsConfig};
use nautil_grpc::{
    BoxStream, Code, Context, Request, RequestExt, Response, Status, StatusDetails, async_trait,
    messages,
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let request: ServerCompatRequest = read()?.ok_or("the runner says nothing")?;
    let directory = tempfile::tempdir()?;
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).map(|()| path)
    };
    let mut tls = TlsConfig::default();
    let mut certificate = Vec::new();
    if request.use_tls {
        let own = request.server_creds.ok_or("there is no certificate")?;
        tls.certificate = Some(file("certificate.pem", &own.cert)?);
        tls.key = Some(file("key.pem", &own.key)?);
        if !request.client_tls_cert.is_empty() {
            tls.client_ca = Some(file("clients.pem", &request.client_tls_cert)?);
        }
        certificate = own.cert;
    }
    let mut limits = Limits::default();
    if request.message_receive_limit != 0 {
        limits.max_receive_message = usize::try_from(request.message_receive_limit)?;
    }
    let config = ServerConfig {
        listen: "127.0.0.1:0".parse()?,
        tls,
        limits,
        ..ServerConfig::default()
    };
    let routes = Router::new(&config)
        .mount::<dyn ConformanceServiceInterface>(Arc::new(Conformance))
        .build()?;
    let server = Server::bind(&config)?;
    let address = server.address().to_string();
    let port = address.rsplit(':').next().unwrap_or_default().parse()?;
    let running = server.start(routes).await?;
    write(&ServerCompatResponse {
        host: "127.0.0.1".to_owned(),
        port,
        pem_cert: certificate,
    })?;
    // The runner ends the server by a signal.
    let _ = running.until(std::future::pending()).await;
    Ok(())
}

struct Conformance;

/// What was seen of a request.
fn info(metadata: Option<&MetadataMap>, context: &Context, requests: Vec<Any>) -> RequestInfo {
    let timeout = metadata.and(context.remaining());
    RequestInfo {
        request_headers: metadata.map(told).unwrap_or_default(),
        // What is left is a little less than what was sent.
        timeout_ms: timeout.and_then(|left| i64::try_from(left.as_micros().div_ceil(1000)).ok()),
        requests,
        connect_get_info: None,
    }
}

/// The metadata for both ends of a response.
fn state(
    context: &Context,
    headers: &[conformance::dto::Header],
    trailers: &[conformance::dto::Header],
) -> Result<(), Status> {
    let wrong = |error: BoxError| Status::internal(error.to_string());
    context
        .headers(|metadata| add(headers, metadata))
        .map_err(wrong)?;
    context
        .trailers(|metadata| add(trailers, metadata))
        .map_err(wrong)
}

fn failure(error: Error, info: Option<RequestInfo>) -> Status {
    let status = Status::new(
        Code::from_i32(error.code),
        error.message.unwrap_or_default(),
    );
    let info = info.map(|info| any(&info));
    let details: Vec<Any> = error.details.into_iter().chain(info).collect();
    if details.is_empty() {
        status
    } else {
        status.with_details_of(details)
    }
}

async fn answer(
    context: &Context,
    definition: Option<UnaryResponseDefinition>,
    info: RequestInfo,
) -> Result<ConformancePayload, Status> {
    let mut payload = ConformancePayload {
        data: Vec::new(),
        request_info: Some(info),
    };
    let Some(definition) = definition else {
        return Ok(payload);
    };
    state(
        context,
        &definition.response_headers,
        &definition.response_trailers,
    )?;
    tokio::time::sleep(Duration::from_millis(definition.response_delay_ms.into())).await;
    match definition.response {
        Some(unary_response_definition::Response::Error(error)) => {
            return Err(failure(error, payload.request_info));
        }
        Some(unary_response_definition::Response::ResponseData(data)) => payload.data = data,
        None => {}
    }
    Ok(payload)
}

#[async_trait]
impl ConformanceServiceInterface for Conformance {
    async fn unary(
        &self,
        request: Request<UnaryRequest>,
    ) -> Result<Response<UnaryResponse>, Status> {
        let context = request.context();
        let info = info(
            Some(request.metadata()),
            &context,
            vec![any(request.get_ref())],
        );
        let definition = request.into_inner().response_definition;
        let payload = Some(answer(&context, definition, info).await?);
        Ok(Response::new(UnaryResponse { payload }))
    }

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<IdempotentUnaryResponse>, Status> {
        let context = request.context();
        let info = info(
            Some(request.metadata()),
            &context,
            vec![any(request.get_ref())],
        );
        let definition = request.into_inner().response_definition;
        let payload = Some(answer(&context, definition, info).await?);
        Ok(Response::new(IdempotentUnaryResponse { payload }))
    }

    async fn unimplemented(
        &self,
        _: Request<UnimplementedRequest>,
    ) -> Result<Response<UnimplementedResponse>, Status> {
        Err(Status::unimplemented("as the contract says"))
    }

    async fn client_stream(
        &self,
        request: Request<BoxStream<ClientStreamRequest>>,
    ) -> Result<Response<ClientStreamResponse>, Status> {
        let context = request.context();
        let mut info = info(Some(request.metadata()), &context, Vec::new());
        let mut definition = None;
        let mut messages = request.into_inner();
        while let Some(message) = messages.next().await.transpose()? {
            info.requests.push(any(&message));
            if info.requests.len() == 1 {
                definition = message.response_definition;
            }
        }
        let payload = Some(answer(&context, definition, info).await?);
        Ok(Response::new(ClientStreamResponse { payload }))
    }

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Result<Response<BoxStream<ServerStreamResponse>>, Status> {
        let context = request.context();
        let info = info(
            Some(request.metadata()),
            &context,
            vec![any(request.get_ref())],
        );
        let Some(definition) = request.into_inner().response_definition else {
            return Ok(Response::new(messages::iter([])));
        };
        state(
            &context,
            &definition.response_headers,
            &definition.response_trailers,
        )?;
        if definition.response_data.is_empty() {
            return match definition.error {
                Some(error) => Err(failure(error, Some(info))),
                None => Ok(Response::new(messages::iter([]))),
            };
        }
        Ok(Response::new(messages::produce(async move |mut out| {
            let mut info = Some(info);
            for data in definition.response_data {
                pause(definition.response_delay_ms).await;
                let request_info = info.take();
                let payload = Some(ConformancePayload { data, request_info });
                out.send(ServerStreamResponse { payload }).await;
            }
            match definition.error {
                Some(error) => Err(failure(error, None)),
                None => Ok(()),
            }
        })))
    }

    async fn bidi_stream(
        &self,
        request: Request<BoxStream<BidiStreamRequest>>,
    ) -> Result<Response<BoxStream<BidiStreamResponse>>, Status> {
        let context = request.context();
        let metadata = request.metadata().clone();
        let mut requests = request.into_inner();
        let Some(first) = requests.next().await.transpose()? else {
            return Ok(Response::new(messages::iter([])));
        };
        let is_full_duplex = first.full_duplex;
        let definition = first.response_definition.clone().unwrap_or_default();
        state(
            &context,
            &definition.response_headers,
            &definition.response_trailers,
        )?;
        let mut seen = vec![any(&first)];
        if !is_full_duplex || definition.response_data.is_empty() {
            while !is_full_duplex && let Some(message) = requests.next().await.transpose()? {
                seen.push(any(&message));
            }
            if definition.response_data.is_empty() {
                let info = info(Some(&metadata), &context, seen);
                return match definition.error {
                    Some(error) => Err(failure(error, Some(info))),
                    None => Ok(Response::new(messages::iter([]))),
                };
            }
        }
        let StreamResponseDefinition {
            response_data,
            response_delay_ms,
            error,
            ..
        } = definition;
        Ok(Response::new(messages::produce(async move |mut out| {
            let mut metadata = Some(metadata);
            let mut is_over = !is_full_duplex;
            for (index, data) in response_data.into_iter().enumerate() {
                if index > 0 && !is_over {
                    match requests.next().await.transpose()? {
                        Some(message) => seen.push(any(&message)),
                        None => is_over = true,
                    }
                }
                pause(response_delay_ms).await;
                let seen = std::mem::take(&mut seen);
                let metadata = metadata.take();
                let is_told = metadata.is_some() || !seen.is_empty();
                let request_info = is_told.then(|| info(metadata.as_ref(), &context, seen));
                let payload = Some(ConformancePayload { data, request_info });
                out.send(BidiStreamResponse { payload }).await;
            }
            match error {
                Some(error) => Err(failure(error, None)),
                // A full duplex stream ends with its requests.
                None => {
                    while !is_over && requests.next().await.transpose()?.is_some() {}
                    Ok(())
                }
            }
        })))
    }
}

async fn pause(milliseconds: u32) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }
}
