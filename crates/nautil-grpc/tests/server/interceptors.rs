//! What interceptors see of calls, what they can do with them, and which they are for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use nautil_grpc::health::{HealthCheckRequest, HealthCheckResponse};
use nautil_grpc::server::{Error, MethodConfig, Router, Routes, ServerConfig};
use nautil_grpc::{
    BoxStream, Calls, Channel, Code, Context, Intercept, InterceptedCall, Intercepting,
    Interceptors, Method, MethodKind, Next, Request, Response, Side, Status,
};
use tokio::sync::mpsc;

use crate::answers::Answers;
use crate::echo::{Echo, EchoInterface, Text, method};
use crate::fixture::{Running, config, in_time, own_client, start_with};

/// An interceptor that a test writes.
struct With<const NUMBER: usize>(Work);

type Work =
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

fn with<const NUMBER: usize>(
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Arc<dyn Intercept> {
    Arc::new(With::<NUMBER>(Box::new(work)))
}

/// One interceptor, for every call that is served.
fn one(
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Interceptors {
    Interceptors::new().with(Calls::served(), with::<0>(work))
}

/// Lines that interceptors write.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// An interceptor that writes when a call comes by, and when it comes back.
    fn passes<const NUMBER: usize>(&self) -> Arc<dyn Intercept> {
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

fn routes(
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

fn start_by(config: &ServerConfig, answers: Answers, interceptors: Interceptors) -> Running {
    let routes = routes(config, answers, interceptors).unwrap();
    start_with(config, routes, Arc::new(Echo::default()))
}

fn start(answers: Answers, interceptors: Interceptors) -> Running {
    start_by(&config(), answers, interceptors)
}

fn client(running: &Running) -> Channel {
    own_client(running, |_| {})
}

/// Says what it hears, in each kind of call.
fn echo() -> Answers {
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

async fn unary(channel: &Channel, text: &str) -> Result<Response<Text>, Status> {
    let request = Request::new(Text::new(text));
    in_time(channel.unary(method("Unary"), request)).await
}

async fn said(channel: &Channel, text: &str) -> Result<String, Status> {
    Ok(unary(channel, text).await?.into_inner().text)
}

async fn down(channel: &Channel, text: &str) -> Result<Vec<String>, Status> {
    let request = Request::new(Text::new(text));
    let response = in_time(channel.server_streaming(method("ServerStreaming"), request)).await?;
    in_time(texts(response.into_inner())).await
}

async fn up(channel: &Channel, words: &[&str]) -> Result<String, Status> {
    let request = Request::new(messages(words));
    let response = in_time(channel.client_streaming(method("ClientStreaming"), request)).await?;
    let text: Text = response.into_inner();
    Ok(text.text)
}

async fn both(channel: &Channel, words: &[&str]) -> Result<Vec<String>, Status> {
    let request = Request::new(messages(words));
    let response = in_time(channel.streaming(method("Streaming"), request)).await?;
    in_time(texts(response.into_inner())).await
}

fn messages(words: &[&str]) -> BoxStream<Text> {
    let words: Vec<_> = words.iter().map(|word| Ok(Text::new(*word))).collect();
    stream::iter(words).boxed()
}

async fn texts(messages: BoxStream<Text>) -> Result<Vec<String>, Status> {
    messages.map_ok(|message| message.text).try_collect().await
}

#[tokio::test]
async fn calls_of_each_kind_pass_in_the_order_of_declaration() {
    let log = Log::default();
    let interceptors = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(Calls::served(), log.passes::<1>());
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let order = ["0 in", "1 in", "1 out", "0 out"];
    assert_eq!(said(&channel, "a").await.unwrap(), "a");
    assert_eq!(log.take(), order);
    assert_eq!(down(&channel, "a").await.unwrap(), ["a", "a"]);
    assert_eq!(log.take(), order);
    assert_eq!(up(&channel, &["a", "b"]).await.unwrap(), "a b");
    assert_eq!(log.take(), order);
    assert_eq!(both(&channel, &["a", "b"]).await.unwrap(), ["a", "b"]);
    assert_eq!(log.take(), order);
}

#[tokio::test]
async fn the_config_says_another_order_and_which_are_for_a_method() {
    let log = Log::default();
    let interceptors = || {
        Interceptors::new()
            .with(Calls::served(), log.passes::<0>())
            .with(Calls::served(), log.passes::<1>())
            .with(Calls::served().configured(), log.passes::<2>())
    };
    let mut config = config();
    config.interceptors = vec!["second".to_owned()];
    let named = |names: &[&str]| MethodConfig {
        interceptors: Some(names.iter().map(|&name| name.to_owned()).collect()),
        ..MethodConfig::default()
    };
    let methods = [
        ("echo.Echo/ServerStreaming", named(&["third", "first"])),
        ("echo.Echo/ClientStreaming", named(&[])),
    ];
    for (pattern, table) in methods {
        config.methods.insert(pattern.parse().unwrap(), table);
    }
    let running = start_by(&config, echo(), interceptors());
    let channel = client(&running);
    said(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["1 in", "0 in", "0 out", "1 out"]);
    down(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["2 in", "0 in", "0 out", "2 out"]);
    up(&channel, &["a"]).await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn an_interceptor_is_for_the_calls_that_it_was_declared_for() {
    let log = Log::default();
    let unary_only = Calls::served().of("echo.Echo/Unary".parse().unwrap());
    let interceptors = Interceptors::new()
        .with(unary_only, log.passes::<0>())
        .with(Calls::made(), log.passes::<1>())
        .with(
            Calls::all().of("echo.Echo/*".parse().unwrap()),
            log.passes::<2>(),
        );
    let running = start(echo(), interceptors);
    let channel = client(&running);
    said(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["0 in", "2 in", "2 out", "0 out"]);
    down(&channel, "a").await.unwrap();
    assert_eq!(log.take(), ["2 in", "2 out"]);
}

#[tokio::test]
async fn what_is_for_nothing_or_twice_there_does_not_start() {
    let log = Log::default();
    let refused = |config: &ServerConfig, interceptors| {
        let error = routes(config, echo(), interceptors).unwrap_err();
        error.to_string()
    };
    let all = "echo.Echo/Unary, echo.Echo/ServerStreaming, echo.Echo/ClientStreaming, \
               echo.Echo/Streaming, grpc.health.v1.Health/Check, grpc.health.v1.Health/Watch";
    let calls = Calls::served().of("echo.Echo/Nothing".parse().unwrap());
    let interceptors = Interceptors::new().with(calls, log.passes::<0>());
    assert_eq!(
        refused(&config(), interceptors),
        format!(
            "the interceptor `first` is for `echo.Echo/Nothing`, which is no method that is served; there are {all}"
        )
    );
    let twice = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(Calls::served(), log.passes::<0>());
    assert_eq!(
        refused(&config(), twice),
        "two interceptors are named `first`"
    );

    let mut named = config();
    named.interceptors = vec!["audit".to_owned()];
    let first = || Interceptors::new().with(Calls::served(), log.passes::<0>());
    assert_eq!(
        refused(&named, first()),
        "`server.interceptors` names the interceptor `audit`, which there is not; there are first"
    );
    let mut named = config();
    let table = MethodConfig {
        interceptors: Some(vec!["audit".to_owned()]),
        ..MethodConfig::default()
    };
    named.methods.insert("echo.Echo/*".parse().unwrap(), table);
    assert_eq!(
        refused(&named, Interceptors::new()),
        "`server.methods.\"echo.Echo/*\".interceptors` names the interceptor `audit`, which there is not; \
         there are none"
    );
}

#[tokio::test]
async fn an_interceptor_changes_metadata_both_ways() {
    let answers = Answers::default().unary(|request: Request<Text>| async move {
        let added = request.metadata().get("added").unwrap();
        let text = added.to_str().unwrap().to_owned();
        assert!(request.metadata().get("secret").is_none());
        let mut response = Response::new(Text::new(text));
        response
            .metadata_mut()
            .insert("internal", "1".parse().unwrap());
        Ok(response)
    });
    let interceptors = one(|call, next| {
        Box::pin(async move {
            assert_eq!(call.side(), Side::Server);
            assert_eq!(call.method(), method("Unary"));
            call.metadata_mut().remove("secret");
            call.metadata_mut()
                .insert("added", "by the interceptor".parse().unwrap());
            next.run(call).await?;
            assert!(call.response_metadata_mut().remove("internal").is_some());
            call.response_metadata_mut()
                .insert("version", "2".parse().unwrap());
            Ok(())
        })
    });
    let running = start(answers, interceptors);
    let mut request = Request::new(Text::new("hello"));
    request
        .metadata_mut()
        .insert("secret", "1".parse().unwrap());
    let response = in_time(client(&running).unary(method("Unary"), request)).await;
    let response: Response<Text> = response.unwrap();
    assert_eq!(response.metadata().get("version").unwrap(), "2");
    assert!(response.metadata().get("internal").is_none());
    assert_eq!(response.into_inner().text, "by the interceptor");
}

#[tokio::test]
async fn an_interceptor_refuses_and_replaces_errors() {
    let interceptors = one(|call, next| {
        Box::pin(async move {
            if call.metadata().get("token").is_none() {
                return Err(Status::unauthenticated("no token"));
            }
            next.run(call).await.map_err(|status| {
                assert_eq!(status.code(), Code::NotFound);
                Status::permission_denied("none of your business")
            })
        })
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let refused = unary(&channel, "a").await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::Unauthenticated, "no token")
    );
    let refused = down(&channel, "a").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = up(&channel, &["a"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);

    let mut request = Request::new(Text::new("fail"));
    request.metadata_mut().insert("token", "1".parse().unwrap());
    let answered: Result<Response<Text>, _> =
        in_time(channel.unary(method("Unary"), request)).await;
    let replaced = answered.unwrap_err();
    assert_eq!(
        (replaced.code(), replaced.message()),
        (Code::PermissionDenied, "none of your business")
    );
}

#[tokio::test]
async fn an_interceptor_answers_itself() {
    let interceptors = one(|call, mut next| {
        Box::pin(async move {
            if let Some(request) = next.request().await? {
                let text: Text = request.decode()?;
                if text.text == "cached" {
                    call.answer([Text::new("from the cache")]);
                    return Ok(());
                }
                if text.text == "wrong" {
                    call.answer([Text::new("a"), Text::new("b")]);
                    return Ok(());
                }
                if text.text == "silent" {
                    return Ok(());
                }
            } else {
                call.answer([Text::new("x"), Text::new("y")]);
                return Ok(());
            }
            next.run(call).await
        })
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    assert_eq!(said(&channel, "cached").await.unwrap(), "from the cache");
    // What was read for the interceptor is there for the handler.
    assert_eq!(said(&channel, "hello").await.unwrap(), "hello");
    assert_eq!(down(&channel, "hello").await.unwrap(), ["hello", "hello"]);
    assert_eq!(down(&channel, "cached").await.unwrap(), ["from the cache"]);
    assert_eq!(both(&channel, &["a"]).await.unwrap(), ["x", "y"]);
    for text in ["wrong", "silent"] {
        let status = unary(&channel, text).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error")
        );
    }
}

/// Writes down and changes each message.
fn watching(log: &Log) -> Interceptors {
    let log = log.clone();
    one(move |call, mut next| {
        let (requests, responses) = (log.clone(), log.clone());
        next.on_request(move |message| {
            let text: Text = message.decode()?;
            if text.text == "refused" {
                return Err(Status::invalid_argument("not this one"));
            }
            requests.write(format!("> {} {}", text.text, message.bytes().len()));
            message.replace(&Text::new(text.text.to_uppercase()));
            Ok(())
        });
        next.on_response(move |message| {
            let text: Text = message.decode()?;
            responses.write(format!("< {}", text.text));
            message.replace(&Text::new(format!("{}!", text.text)));
            Ok(())
        });
        Box::pin(next.run(call))
    })
}

#[tokio::test]
async fn each_message_is_seen_and_can_be_replaced_in_each_kind_of_call() {
    let log = Log::default();
    let running = start(echo(), watching(&log));
    let channel = client(&running);
    assert_eq!(said(&channel, "a").await.unwrap(), "A!");
    assert_eq!(log.take(), ["> a 3", "< A"]);
    assert_eq!(down(&channel, "a").await.unwrap(), ["A!", "A!"]);
    assert_eq!(log.take(), ["> a 3", "< A", "< A"]);
    assert_eq!(up(&channel, &["a", "b"]).await.unwrap(), "A B!");
    assert_eq!(log.take(), ["> a 3", "> b 3", "< A B"]);
    assert_eq!(both(&channel, &["a", "b"]).await.unwrap(), ["A!", "B!"]);
    let mut seen = log.take();
    seen.sort_unstable();
    assert_eq!(seen, ["< A", "< B", "> a 3", "> b 3"]);
}

#[tokio::test]
async fn a_message_that_is_refused_ends_its_call() {
    let log = Log::default();
    let running = start(echo(), watching(&log));
    let channel = client(&running);
    let refused = [
        unary(&channel, "refused").await.unwrap_err(),
        down(&channel, "refused").await.unwrap_err(),
        up(&channel, &["a", "refused", "b"]).await.unwrap_err(),
        both(&channel, &["a", "refused", "b"]).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "not this one")
        );
    }
    assert!(!log.take().iter().any(|line| line.contains('b')));
}

/// Hands out how each call ended.
fn ends() -> (Interceptors, mpsc::UnboundedReceiver<Code>) {
    let (ends, seen) = mpsc::unbounded_channel();
    let interceptors = one(move |call, mut next| {
        let ends = ends.clone();
        next.on_end(move |end| {
            ends.send(end.code()).unwrap();
        });
        Box::pin(next.run(call))
    });
    (interceptors, seen)
}

#[tokio::test]
async fn the_end_of_each_kind_of_call_is_told_once() {
    let (interceptors, mut ends) = ends();
    let running = start(echo(), interceptors);
    let channel = client(&running);
    said(&channel, "a").await.unwrap();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Ok));
    said(&channel, "fail").await.unwrap_err();
    assert_eq!(in_time(ends.recv()).await, Some(Code::NotFound));
    down(&channel, "a").await.unwrap();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Ok));
    down(&channel, "fail").await.unwrap_err();
    assert_eq!(in_time(ends.recv()).await, Some(Code::NotFound));
    up(&channel, &["a"]).await.unwrap();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Ok));
    both(&channel, &["a"]).await.unwrap();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Ok));

    // When the caller goes away.
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { unary(&channel, "hang").await }
    });
    said(&channel, "a").await.unwrap();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Ok));
    call.abort();
    assert_eq!(in_time(ends.recv()).await, Some(Code::Cancelled));
    let request = Request::new(Text::new("hang"));
    let response: Response<BoxStream<Text>> =
        in_time(channel.server_streaming(method("ServerStreaming"), request))
            .await
            .unwrap();
    drop(response);
    assert_eq!(in_time(ends.recv()).await, Some(Code::Cancelled));
    assert!(ends.try_recv().is_err());
}

#[tokio::test]
async fn the_end_at_the_deadline_is_told_before_the_head_and_behind_it() {
    let (interceptors, mut ends) = ends();
    let mut config = config();
    config.deadline.maximum = Duration::from_millis(100).into();
    let running = start_by(&config, echo(), interceptors);
    let channel = client(&running);
    let refused = unary(&channel, "hang").await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
    assert_eq!(in_time(ends.recv()).await, Some(Code::DeadlineExceeded));
    let refused = down(&channel, "hang").await.unwrap_err();
    assert_eq!(refused.code(), Code::DeadlineExceeded);
    assert_eq!(in_time(ends.recv()).await, Some(Code::DeadlineExceeded));
    assert!(ends.try_recv().is_err());
}

#[tokio::test]
async fn the_end_can_be_another_and_have_trailers() {
    let interceptors = one(|call, mut next| {
        next.on_end(|end| {
            end.trailers_mut().insert("cost", "3".parse().unwrap());
            if end.code() == Code::NotFound {
                assert_eq!(end.error().unwrap().message(), "as asked");
                end.fail(Status::unavailable("another"));
                // A failure is none that can be undone.
                end.fail(Status::ok(""));
            }
        });
        Box::pin(next.run(call))
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let response = unary(&channel, "a").await.unwrap();
    assert_eq!(response.metadata().get("cost").unwrap(), "3");
    for failed in [
        unary(&channel, "fail").await.map(drop),
        down(&channel, "fail").await.map(drop),
    ] {
        let status = failed.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Unavailable, "another")
        );
        assert_eq!(status.metadata().get("cost").unwrap(), "3");
    }
}

#[tokio::test]
async fn a_panic_ends_its_call_alone() {
    let interceptors = one(|call, mut next| {
        let place = call
            .metadata()
            .get("panic")
            .map(|place| place.to_str().unwrap().to_owned());
        match place.as_deref() {
            Some("request") => next.on_request(|_| panic!("as asked, of a request")),
            Some("response") => next.on_response(|_| panic!("as asked, of a response")),
            Some("end") => next.on_end(|_| panic!("as asked, at the end")),
            _ => {}
        }
        Box::pin(async move {
            assert!(place.as_deref() != Some("before"), "as asked, before");
            next.run(call).await?;
            assert!(place.as_deref() != Some("after"), "as asked, after");
            Ok(())
        })
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    for place in ["before", "request", "response", "after", "end"] {
        let mut request = Request::new(Text::new("a"));
        request
            .metadata_mut()
            .insert("panic", place.parse().unwrap());
        let answered: Result<Response<Text>, _> =
            in_time(channel.unary(method("Unary"), request)).await;
        let status = answered.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error"),
            "{place}"
        );

        let mut request = Request::new(messages(&["a"]));
        request
            .metadata_mut()
            .insert("panic", place.parse().unwrap());
        let answered = in_time(channel.streaming(method("Streaming"), request)).await;
        let ended = match answered {
            Ok(response) => in_time(texts(response.into_inner())).await.map(drop),
            Err(status) => Err(status),
        };
        let status = ended.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error"),
            "{place}"
        );
    }
    assert_eq!(said(&channel, "a").await.unwrap(), "a");
}

#[tokio::test]
async fn time_in_an_interceptor_is_time_of_the_call() {
    let interceptors = one(|_, _| Box::pin(std::future::pending()));
    let running = start(echo(), interceptors);
    let mut request = Request::new(Text::new("a"));
    request.set_timeout(Duration::from_millis(100));
    let answered: Result<Response<Text>, _> =
        in_time(client(&running).unary(method("Unary"), request)).await;
    assert_eq!(answered.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn what_an_interceptor_keeps_with_the_call_is_there_for_the_handler() {
    #[derive(Clone)]
    struct Tenant(&'static str);

    let answers = Answers::default().unary(|_| async {
        let context = Context::current().unwrap();
        Ok(Response::new(Text::new(context.get::<Tenant>().unwrap().0)))
    });
    let interceptors = one(|call, next| {
        call.context().insert(Tenant("library"));
        Box::pin(next.run(call))
    });
    let running = start(answers, interceptors);
    assert_eq!(said(&client(&running), "a").await.unwrap(), "library");
}

static CHECK: Method = Method::new("/grpc.health.v1.Health/Check", MethodKind::Unary);

#[tokio::test]
async fn health_is_seen_only_by_who_names_it() {
    let (log, named) = (Log::default(), Log::default());
    let written = named.clone();
    let dynamic = with::<1>(move |call, mut next| {
        let (requests, responses) = (written.clone(), written.clone());
        next.on_request(move |message| {
            requests.write(message.to_dynamic()?.to_string());
            Ok(())
        });
        next.on_response(move |message| {
            responses.write(message.to_dynamic()?.to_string());
            Ok(())
        });
        Box::pin(next.run(call))
    });
    let health = Calls::served().of("grpc.health.v1.Health/*".parse().unwrap());
    let interceptors = Interceptors::new()
        .with(Calls::served(), log.passes::<0>())
        .with(health, dynamic);
    let running = start(echo(), interceptors);
    let request = Request::new(HealthCheckRequest {
        service: "echo.Echo".to_owned(),
    });
    let response = in_time(client(&running).unary(&CHECK, request)).await;
    let response: Response<HealthCheckResponse> = response.unwrap();
    assert_eq!(response.get_ref().status, 1);
    assert_eq!(named.take(), ["service:\"echo.Echo\"", "status:SERVING"]);
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn a_message_without_a_descriptor_is_not_dynamic() {
    let interceptors = one(|call, mut next| {
        next.on_request(|message| message.to_dynamic().map(drop));
        Box::pin(next.run(call))
    });
    let running = start(echo(), interceptors);
    let status = unary(&client(&running), "a").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert_eq!(status.message(), "`echo.Echo/Unary` has no descriptor");
}
