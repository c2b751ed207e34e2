//! The service under test, and what the generator would write for it.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use futures_util::{StreamExt, stream};
use nautil_grpc::async_trait;
use nautil_grpc::server::{Call, Reply};
use nautil_grpc::{
    BoxStream, Channel, Code, Method, MethodKind, Request, Response, Service, Status,
};
use tokio::sync::Notify;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Text {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

#[async_trait]
pub(crate) trait EchoInterface: Send + Sync + 'static {
    async fn unary(&self, request: Request<Text>) -> Result<Response<Text>, Status>;
    async fn server_streaming(
        &self,
        request: Request<Text>,
    ) -> Result<Response<BoxStream<Text>>, Status>;
    async fn client_streaming(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<Text>, Status>;
    async fn streaming(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<BoxStream<Text>>, Status>;
}

impl Service for dyn EchoInterface {
    const NAME: &'static str = "echo.Echo";
    const METHODS: &'static [Method] = &[
        Method::new("/echo.Echo/Unary", MethodKind::Unary),
        Method::new("/echo.Echo/ServerStreaming", MethodKind::ServerStreaming),
        Method::new("/echo.Echo/ClientStreaming", MethodKind::ClientStreaming),
        Method::new("/echo.Echo/Streaming", MethodKind::Streaming),
    ];
    /// One file, `echo.proto`, with the names of the service and its methods.
    const DESCRIPTOR_SET: &'static [u8] =
        b"\x0a\x5e\x0a\x0aecho.proto\x12\x04echo\x32\x42\x0a\x04Echo\
          \x12\x07\x0a\x05Unary\x12\x11\x0a\x0fServerStreaming\x12\x11\x0a\x0fClientStreaming\
          \x12\x0b\x0a\x09Streaming\x62\x06proto3";
    const HOST_VARIABLE: &'static str = "ECHO_HOST";

    fn handle(service: &Arc<Self>, method: &str, call: Call) -> Reply {
        let service = Arc::clone(service);
        match method {
            "Unary" => call.unary(move |request| async move { service.unary(request).await }),
            "ServerStreaming" => call.server_streaming(move |request| async move {
                service.server_streaming(request).await
            }),
            "ClientStreaming" => call.client_streaming(move |request| async move {
                service.client_streaming(request).await
            }),
            "Streaming" => {
                call.streaming(move |request| async move { service.streaming(request).await })
            }
            _ => call.unimplemented(),
        }
    }

    fn client(_: Channel) -> Arc<Self> {
        unreachable!("these tests have clients of their own")
    }
}

/// The method of this name.
pub(crate) fn method(name: &str) -> &'static Method {
    let mut methods = <dyn EchoInterface as Service>::METHODS.iter();
    methods.find(|method| method.name() == name).unwrap()
}

/// Says what it hears, but for a few words.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    /// A call of "wait" is there.
    pub(crate) entered: Notify,
    /// The thread of a call of "block" may go on.
    pub(crate) unblocked: (Mutex<bool>, Condvar),
    /// Calls of "wait" may go.
    pub(crate) release: Notify,
    /// What ended the stream of a client-streaming call: nothing, or a status.
    pub(crate) ended: Mutex<Option<Result<(), Code>>>,
}

impl Echo {
    /// Lets threads that are blocked go on.
    pub(crate) fn unblock(&self) {
        let (unblocked, changed) = &self.unblocked;
        *unblocked.lock().unwrap() = true;
        changed.notify_all();
    }
}

#[async_trait]
impl EchoInterface for Echo {
    async fn unary(&self, request: Request<Text>) -> Result<Response<Text>, Status> {
        let sent = request.metadata().get("sent").cloned();
        let text = request.into_inner().text;
        match text.as_str() {
            "panic" => panic!("as asked"),
            "fail" => return Err(Status::failed_precondition("as asked")),
            "thread" => {
                let thread = thread::current();
                return Ok(Response::new(Text::new(thread.name().unwrap_or_default())));
            }
            "large" => return Ok(Response::new(Text::new("x".repeat(5 << 20)))),
            "block" => {
                self.entered.notify_one();
                let (unblocked, changed) = &self.unblocked;
                let unblocked = unblocked.lock().unwrap();
                drop(
                    changed
                        .wait_while(unblocked, |unblocked| !*unblocked)
                        .unwrap(),
                );
            }
            "wait" => {
                self.entered.notify_one();
                self.release.notified().await;
            }
            _ => {}
        }
        let mut response = Response::new(Text { text });
        if let Some(sent) = sent {
            response.metadata_mut().insert("received", sent);
        }
        Ok(response)
    }

    async fn server_streaming(
        &self,
        request: Request<Text>,
    ) -> Result<Response<BoxStream<Text>>, Status> {
        let text = request.into_inner();
        if text.text == "panic" {
            let messages = stream::iter(["a", "b", "panic"]).map(|text| match text {
                "panic" => panic!("as asked, later"),
                text => Ok(Text::new(text)),
            });
            return Ok(Response::new(messages.boxed()));
        }
        Ok(Response::new(Box::pin(stream::iter([
            Ok(text.clone()),
            Ok(text),
            Err(Status::data_loss("as agreed")),
        ]))))
    }

    async fn client_streaming(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<Text>, Status> {
        let mut all = String::new();
        let mut messages = request.into_inner();
        while let Some(message) = messages.next().await {
            match message {
                Ok(message) => all.push_str(&message.text),
                Err(status) => {
                    *self.ended.lock().unwrap() = Some(Err(status.code()));
                    self.entered.notify_one();
                    return Err(status);
                }
            }
            self.entered.notify_one();
        }
        *self.ended.lock().unwrap() = Some(Ok(()));
        self.entered.notify_one();
        Ok(Response::new(Text::new(all)))
    }

    async fn streaming(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<BoxStream<Text>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}
