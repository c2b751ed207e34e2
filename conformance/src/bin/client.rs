//! The client under test: it makes the calls that the runner asks for, and tells what came of them.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use conformance::dto::client_compat_request::cancel::CancelTiming;
use conformance::dto::{
    ClientCompatRequest, ClientCompatResponse, ClientErrorResult, ClientResponseResult,
    Compression, Error, StreamType, UnaryResponse, client_compat_response,
};
use conformance::service::ConformanceServiceInterface;
use conformance::{BoxError, add, read, told, write};
use futures_util::{StreamExt, stream};
use nautil_grpc::client::{ClientConfig, CompressionConfig, ResponseMetadata, Target, TlsConfig};
use nautil_grpc::metadata::MetadataMap;
use nautil_grpc::prost::Message;
use nautil_grpc::units::Limit;
use nautil_grpc::{
    BoxStream, Bytes, Channel, EncodedMessage, Encoding, Method, MethodKind, Request, Response,
    Service, Status, StatusDetails,
};
use tempfile::NamedTempFile;
use tokio::sync::{Semaphore, mpsc};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // The runner asks for hundreds of calls at once, and some have little time.
    let turns = Arc::new(Semaphore::new(16));
    while let Some(asked) = tokio::task::spawn_blocking(read::<ClientCompatRequest>).await?? {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        tokio::spawn(async move {
            let _turn = turn;
            let test_name = asked.test_name.clone();
            let result = match call(asked).await {
                Ok(result) => client_compat_response::Result::Response(result),
                Err(error) => client_compat_response::Result::Error(ClientErrorResult {
                    message: error.to_string(),
                }),
            };
            let result = Some(result);
            write(&ClientCompatResponse { test_name, result }).expect("the runner listens");
        });
    }
    Ok(())
}

/// When the caller goes away.
#[derive(Clone, Copy, Default)]
struct Cancel {
    before_close_send: bool,
    after_close_send: Option<Duration>,
    after_responses: Option<usize>,
}

/// A file with these bytes.
fn file(bytes: &[u8]) -> Result<NamedTempFile, BoxError> {
    let mut file = NamedTempFile::new()?;
    file.write_all(bytes)?;
    Ok(file)
}

fn channel(asked: &ClientCompatRequest) -> Result<Channel, BoxError> {
    let scheme = if asked.server_tls_cert.is_empty() {
        "http"
    } else {
        "https"
    };
    let mut tls = TlsConfig::default();
    // They are read when the channel is made.
    let mut files = Vec::new();
    if !asked.server_tls_cert.is_empty() {
        let ca = file(&asked.server_tls_cert)?;
        tls.ca = Some(ca.path().to_owned());
        files.push(ca);
    }
    if let Some(own) = &asked.client_tls_creds {
        let (certificate, key) = (file(&own.cert)?, file(&own.key)?);
        tls.certificate = Some(certificate.path().to_owned());
        tls.key = Some(key.path().to_owned());
        files.extend([certificate, key]);
    }
    let mut config = ClientConfig {
        host: Some(format!("{scheme}://{}:{}", asked.host, asked.port).parse()?),
        deadline: Limit::NONE,
        compression: CompressionConfig {
            send: match asked.compression() {
                Compression::Gzip => Some(Encoding::Gzip),
                Compression::Zstd => Some(Encoding::Zstd),
                Compression::Deflate => Some(Encoding::Deflate),
                _ => None,
            },
            least: 0,
            ..CompressionConfig::default()
        },
        tls,
        ..ClientConfig::default()
    };
    if asked.message_receive_limit != 0 {
        config.max_receive_message = usize::try_from(asked.message_receive_limit)?;
    }
    let target = Target {
        service: <dyn ConformanceServiceInterface as Service>::NAME,
        variable: <dyn ConformanceServiceInterface as Service>::HOST_VARIABLE,
    };
    Ok(Channel::connect(target, &config)?)
}

async fn call(asked: ClientCompatRequest) -> Result<ClientResponseResult, BoxError> {
    let mut methods = <dyn ConformanceServiceInterface as Service>::METHODS.iter();
    let method = methods.find(|method| method.name() == asked.method());
    let method = method.ok_or_else(|| format!("there is no method {}", asked.method()))?;
    let channel = channel(&asked)?;
    let cancel = asked.cancel.map(|cancel| match cancel.cancel_timing {
        Some(CancelTiming::BeforeCloseSend(())) => Cancel {
            before_close_send: true,
            ..Cancel::default()
        },
        Some(CancelTiming::AfterCloseSendMs(after)) => Cancel {
            after_close_send: Some(Duration::from_millis(after.into())),
            ..Cancel::default()
        },
        Some(CancelTiming::AfterNumResponses(after)) => Cancel {
            after_responses: usize::try_from(after).ok(),
            ..Cancel::default()
        },
        None => Cancel {
            after_close_send: Some(Duration::ZERO),
            ..Cancel::default()
        },
    });
    let mut metadata = MetadataMap::new();
    add(&asked.request_headers, &mut metadata)?;
    let call = Call {
        channel,
        method,
        metadata,
        timeout: asked
            .timeout_ms
            .map(|timeout| Duration::from_millis(timeout.into())),
        delay: Duration::from_millis(asked.request_delay_ms.into()),
        is_full_duplex: asked.stream_type() == StreamType::FullDuplexBidiStream,
        cancel: cancel.unwrap_or_default(),
        messages: asked
            .request_messages
            .into_iter()
            .map(|any| any.value.into())
            .collect(),
    };
    Ok(match method.kind() {
        MethodKind::Unary => call.unary().await,
        MethodKind::ServerStreaming => call.server_streaming().await,
        MethodKind::ClientStreaming => call.client_streaming().await,
        MethodKind::Streaming => call.streaming().await,
    })
}

/// One call that was asked for.
struct Call {
    channel: Channel,
    method: &'static Method,
    metadata: MetadataMap,
    timeout: Option<Duration>,
    delay: Duration,
    is_full_duplex: bool,
    cancel: Cancel,
    messages: Vec<Bytes>,
}

/// What was received.
#[derive(Default)]
struct Seen(ClientResponseResult);

impl Seen {
    fn head(&mut self, metadata: &MetadataMap) {
        self.0.response_headers = told(metadata);
    }

    fn message(&mut self, message: EncodedMessage) {
        // All responses have the payload in the same field.
        let response = UnaryResponse::decode(message.into_bytes()).expect("it is a response");
        self.0.payloads.push(response.payload.unwrap_or_default());
    }

    fn error(&mut self, status: &Status) {
        self.0.error = Some(Error {
            code: status.code() as i32,
            message: Some(status.message().to_owned()),
            details: status.packed_details(),
        });
        self.0.response_trailers = told(status.metadata());
    }

    fn cancelled(&mut self) {
        self.error(&Status::cancelled("the caller went away"));
    }

    fn end(mut self, received: &ResponseMetadata) -> ClientResponseResult {
        if let Some(headers) = received.headers() {
            self.0.response_headers = told(&headers);
        }
        if let Some(trailers) = received.trailers() {
            self.0.response_trailers = told(&trailers);
        }
        self.0
    }
}

impl Call {
    fn request<M>(&self, message: M) -> (Request<M>, ResponseMetadata) {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.metadata.clone();
        if let Some(timeout) = self.timeout {
            request.set_timeout(timeout);
        }
        let received = ResponseMetadata::of(&mut request);
        (request, received)
    }

    fn one(&self) -> EncodedMessage {
        EncodedMessage::new(self.messages.first().cloned().unwrap_or_default())
    }

    async fn unary(self) -> ClientResponseResult {
        let (request, received) = self.request(self.one());
        let call = self.channel.unary(self.method, request);
        Self::answered(call, self.cancel, received).await
    }

    /// What became of a call that is answered by one message.
    async fn answered(
        call: impl Future<Output = Result<Response<EncodedMessage>, Status>>,
        cancel: Cancel,
        received: ResponseMetadata,
    ) -> ClientResponseResult {
        let mut seen = Seen::default();
        let answered = match cancel.after_close_send {
            Some(after) => tokio::time::timeout(after, call).await,
            None => Ok(call.await),
        };
        match answered {
            Ok(Ok(response)) => {
                seen.head(response.metadata());
                seen.message(response.into_inner());
            }
            Ok(Err(status)) => seen.error(&status),
            Err(_) => seen.cancelled(),
        }
        seen.end(&received)
    }

    async fn server_streaming(self) -> ClientResponseResult {
        let mut seen = Seen::default();
        let (request, received) = self.request(self.one());
        let call = self.channel.server_streaming(self.method, request);
        let read = async {
            match call.await {
                Ok(response) => {
                    seen.head(response.metadata());
                    read_all(response.into_inner(), &mut seen, self.cancel).await;
                }
                Err(status) => seen.error(&status),
            }
        };
        let is_left = match self.cancel.after_close_send {
            Some(after) => tokio::time::timeout(after, read).await.is_err(),
            None => {
                read.await;
                false
            }
        };
        if is_left {
            seen.cancelled();
        }
        seen.end(&received)
    }

    async fn client_streaming(self) -> ClientResponseResult {
        let (sender, receiver) = mpsc::channel(1);
        let (request, received) = self.request(outgoing(receiver));
        let call = self.channel.client_streaming(self.method, request);
        let Call {
            messages,
            delay,
            cancel,
            ..
        } = &self;
        let mut unsent = 0;
        let sending = async {
            for (index, message) in messages.iter().enumerate() {
                tokio::time::sleep(*delay).await;
                if sender.send(message.clone()).await.is_err() {
                    unsent = messages.len() - index;
                    break;
                }
            }
            if cancel.before_close_send {
                // All has left before the caller goes.
                let _ = sender.reserve().await;
                return true;
            }
            drop(sender);
            match cancel.after_close_send {
                Some(after) => {
                    tokio::time::sleep(after).await;
                    true
                }
                None => std::future::pending().await,
            }
        };
        let mut seen = Seen::default();
        tokio::select! {
            answered = call => match answered {
                Ok(response) => {
                    seen.head(response.metadata());
                    seen.message(response.into_inner());
                }
                Err(status) => seen.error(&status),
            },
            _ = sending => seen.cancelled(),
        }
        seen.0.num_unsent_requests = i32::try_from(unsent).unwrap_or(i32::MAX);
        seen.end(&received)
    }

    async fn streaming(self) -> ClientResponseResult {
        let (sender, receiver) = mpsc::channel(1);
        let (request, received) = self.request(outgoing(receiver));
        let (channel, method) = (self.channel.clone(), self.method);
        // The head comes when the server likes, and the requests do not wait for it.
        let mut call = Box::pin(async move {
            channel
                .streaming::<EncodedMessage, EncodedMessage>(method, request)
                .await
        });
        let mut seen = Seen::default();
        let mut responses: Option<BoxStream<EncodedMessage>> = None;
        let mut sender = Some(sender);
        let mut count = 0;
        for (index, message) in self.messages.iter().enumerate() {
            tokio::time::sleep(self.delay).await;
            let sent = match &sender {
                Some(sender) => {
                    if responses.is_none() {
                        tokio::select! {
                            biased;
                            sent = sender.send(message.clone()) => sent.is_ok(),
                            answered = &mut call => match answered {
                                Ok(response) => {
                                    seen.head(response.metadata());
                                    responses = Some(response.into_inner());
                                    sender.send(message.clone()).await.is_ok()
                                }
                                Err(status) => {
                                    seen.error(&status);
                                    seen.0.num_unsent_requests = unsent(&self.messages, index);
                                    return seen.end(&received);
                                }
                            },
                        }
                    } else {
                        sender.send(message.clone()).await.is_ok()
                    }
                }
                None => false,
            };
            if !sent {
                seen.0.num_unsent_requests = unsent(&self.messages, index);
                break;
            }
            if self.is_full_duplex {
                if responses.is_none() {
                    match (&mut call).await {
                        Ok(response) => {
                            seen.head(response.metadata());
                            responses = Some(response.into_inner());
                        }
                        Err(status) => {
                            seen.error(&status);
                            return seen.end(&received);
                        }
                    }
                }
                let Some(messages) = &mut responses else {
                    break;
                };
                match messages.next().await {
                    Some(Ok(message)) => {
                        seen.message(message);
                        count += 1;
                        if Some(count) == self.cancel.after_responses {
                            seen.cancelled();
                            return seen.end(&received);
                        }
                    }
                    Some(Err(status)) => {
                        seen.error(&status);
                        return seen.end(&received);
                    }
                    None => return seen.end(&received),
                }
            }
        }
        if self.cancel.before_close_send {
            seen.cancelled();
            return seen.end(&received);
        }
        sender.take();
        let rest = async {
            if responses.is_none() {
                match (&mut call).await {
                    Ok(response) => {
                        seen.head(response.metadata());
                        responses = Some(response.into_inner());
                    }
                    Err(status) => {
                        seen.error(&status);
                        return;
                    }
                }
            }
            if let Some(messages) = responses.take() {
                let cancel = Cancel {
                    after_responses: self.cancel.after_responses.map(|after| after - count),
                    ..self.cancel
                };
                read_all(messages, &mut seen, cancel).await;
            }
        };
        let is_left = match self.cancel.after_close_send {
            Some(after) => tokio::time::timeout(after, rest).await.is_err(),
            None => {
                rest.await;
                false
            }
        };
        if is_left {
            seen.cancelled();
        }
        seen.end(&received)
    }
}

/// Reads what is left of a response.
async fn read_all(mut messages: BoxStream<EncodedMessage>, seen: &mut Seen, cancel: Cancel) {
    let mut received = 0;
    while let Some(next) = messages.next().await {
        match next {
            Ok(message) => {
                seen.message(message);
                received += 1;
                if Some(received) == cancel.after_responses {
                    return seen.cancelled();
                }
            }
            Err(status) => return seen.error(&status),
        }
    }
}

fn outgoing(messages: mpsc::Receiver<Bytes>) -> BoxStream<EncodedMessage> {
    let messages = stream::unfold(messages, async |mut messages| {
        let message = messages.recv().await?;
        Some((Ok(EncodedMessage::new(message)), messages))
    });
    Box::pin(messages)
}

fn unsent(messages: &[Bytes], sent: usize) -> i32 {
    i32::try_from(messages.len() - sent).unwrap_or(i32::MAX)
}
