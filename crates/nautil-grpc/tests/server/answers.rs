//! The service of `echo`, with handlers that a test writes.

use std::future::Future;
use std::pin::Pin;

use nautil_grpc::async_trait;
use nautil_grpc::{BoxStream, Request, Response, Status};

use crate::echo::{EchoInterface, Text};

type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;
type Handler<A, B> = Box<dyn Fn(Request<A>) -> Answer<B> + Send + Sync>;

/// Answers with what the test says; UNIMPLEMENTED where it says nothing.
#[derive(Default)]
pub(crate) struct Answers {
    unary: Option<Handler<Text, Text>>,
    server_streaming: Option<Handler<Text, BoxStream<Text>>>,
    client_streaming: Option<Handler<BoxStream<Text>, Text>>,
    streaming: Option<Handler<BoxStream<Text>, BoxStream<Text>>>,
}

macro_rules! handlers {
    ($($name:ident: $request:ty => $response:ty),*) => {
        impl Answers {
            $(pub(crate) fn $name<H, F>(mut self, handler: H) -> Self
            where
                H: Fn(Request<$request>) -> F + Send + Sync + 'static,
                F: Future<Output = Result<Response<$response>, Status>> + Send + 'static,
            {
                self.$name = Some(Box::new(move |request| Box::pin(handler(request))));
                self
            })*
        }

        #[async_trait]
        impl EchoInterface for Answers {
            $(async fn $name(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                match &self.$name {
                    Some(handler) => handler(request).await,
                    None => Err(Status::unimplemented("the test says nothing")),
                }
            })*
        }
    };
}

handlers! {
    unary: Text => Text,
    server_streaming: Text => BoxStream<Text>,
    client_streaming: BoxStream<Text> => Text,
    streaming: BoxStream<Text> => BoxStream<Text>
}
