//! Interceptors that tests write, a service, and its clients.

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt, stream};
use nautil_grpc::server::{Error, Router, Routes, ServerConfig};
use nautil_grpc::{
    BoxStream, Calls, Channel, Intercept, InterceptedCall, Intercepting, Interceptors, Next,
    Request, Response, Status,
};

use crate::answers::Answers;
use crate::echo::{Echo, EchoInterface, Text, method};
use crate::fixture::{Running, config, in_time, own_client, start_with};

/// An interceptor that a test writes.
pub(super) struct With<const NUMBER: usize>(Work);

pub(super) type Work =
    Box<dyn for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync>;

impl<const NUMBER: usize> Intercept for With<NUMBER> {
    fn name(&self) -> &'static str {
        ["first", "second", "third"][NUMBER]
    }

    fn see_through<'call>(
        &'call self,
        call: &'call mut InterceptedCall,
        next: Next<'call>,
    ) -> Intercepting<'call> {
        (self.0)(call, next)
    }
}

pub(super) fn with<const NUMBER: usize>(
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Arc<dyn Intercept> {
    Arc::new(With::<NUMBER>(Box::new(work)))
}

/// One interceptor, for every call that is served.
pub(super) fn one(
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Interceptors {
    Interceptors::new().with(Calls::served(), with::<0>(work))
}

/// Lines that interceptors write.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// An interceptor that writes when a call comes by, and when it comes back.
    pub(super) fn passes<const NUMBER: usize>(&self) -> Arc<dyn Intercept> {
        let log = self.clone();
        with::<NUMBER>(move |call, next| {
            let log = log.clone();
            Box::pin(async move {
                log.write(format!("{NUMBER} in"));
                let ended = next.run(call).await;
                log.write(format!("{NUMBER} out"));
                ended
            })
        })
    }
}

pub(super) fn routes(
    config: &ServerConfig,
    answers: Answers,
    interceptors: Interceptors,
) -> Result<Routes, Error> {
    Router::new(config)
        .mount::<dyn EchoInterface>(Arc::new(answers))
        .with_health()
        .intercept(interceptors)
        .build()
}

pub(super) fn start_by(
    config: &ServerConfig,
    answers: Answers,
    interceptors: Interceptors,
) -> Running {
    let routes = routes(config, answers, interceptors).unwrap();
    start_with(config, routes, Arc::new(Echo::default()))
}

pub(super) fn start(answers: Answers, interceptors: Interceptors) -> Running {
    start_by(&config(), answers, interceptors)
}

pub(super) fn client(running: &Running) -> Channel {
    own_client(running, |_| {})
}

/// Says what it hears, in each kind of call.
pub(super) fn echo() -> Answers {
    Answers::default()
        .unary(|request| async move {
            match request.get_ref().text.as_str() {
                "fail" => Err(Status::not_found("as asked")),
                "hang" => std::future::pending().await,
                _ => Ok(Response::new(request.into_inner())),
            }
        })
        .server_streaming(|request| async move {
            let text = request.into_inner();
            let messages = match text.text.as_str() {
                "fail" => vec![Ok(text), Err(Status::not_found("as asked"))],
                "hang" => return Ok(Response::new(stream::pending().boxed())),
                _ => vec![Ok(text.clone()), Ok(text)],
            };
            Ok(Response::new(stream::iter(messages).boxed()))
        })
        .client_streaming(|request| async move {
            let texts: Vec<Text> = request.into_inner().try_collect().await?;
            let texts: Vec<_> = texts.into_iter().map(|text| text.text).collect();
            Ok(Response::new(Text::new(texts.join(" "))))
        })
        .streaming(|request| async move { Ok(Response::new(request.into_inner())) })
}

pub(super) async fn unary(channel: &Channel, text: &str) -> Result<Response<Text>, Status> {
    let request = Request::new(Text::new(text));
    in_time(channel.unary(method("Unary"), request)).await
}

pub(super) async fn said(channel: &Channel, text: &str) -> Result<String, Status> {
    Ok(unary(channel, text).await?.into_inner().text)
}

pub(super) async fn down(channel: &Channel, text: &str) -> Result<Vec<String>, Status> {
    let request = Request::new(Text::new(text));
    let response = in_time(channel.server_streaming(method("ServerStreaming"), request)).await?;
    in_time(texts(response.into_inner())).await
}

pub(super) async fn up(channel: &Channel, words: &[&str]) -> Result<String, Status> {
    let request = Request::new(messages(words));
    let response = in_time(channel.client_streaming(method("ClientStreaming"), request)).await?;
    let text: Text = response.into_inner();
    Ok(text.text)
}

pub(super) async fn both(channel: &Channel, words: &[&str]) -> Result<Vec<String>, Status> {
    let request = Request::new(messages(words));
    let response = in_time(channel.streaming(method("Streaming"), request)).await?;
    in_time(texts(response.into_inner())).await
}

pub(super) fn messages(words: &[&str]) -> BoxStream<Text> {
    let words: Vec<_> = words.iter().map(|word| Ok(Text::new(*word))).collect();
    stream::iter(words).boxed()
}

pub(super) async fn texts(messages: BoxStream<Text>) -> Result<Vec<String>, Status> {
    messages.map_ok(|message| message.text).try_collect().await
}
