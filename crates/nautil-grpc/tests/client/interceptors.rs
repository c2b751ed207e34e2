//! Interceptors of a client, and trailers apart from headers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use nautil_grpc::client::{ClientConfig, Failure, FailureKind, ResponseMetadata};
use nautil_grpc::server::{Call, Reply};
use nautil_grpc::{
    BoxStream, Calls, Channel, Code, Intercept, InterceptedCall, Intercepting, Interceptors,
    Method, Next, Request, Response, Service, Side, Status, UnknownInterceptor,
};
use tokio::sync::mpsc;

use crate::server::{ECHO, GET, SUM, TARGET, Text, WATCH, config, in_time, serve, text, texts};

/// What the generator would write for the service that these tests call.
trait Rates: Send + Sync + 'static {}

impl Service for dyn Rates {
    const NAME: &'static str = "test.Rates";
    const METHODS: &'static [Method] = &[*GET, *WATCH, *SUM, *ECHO];
    const DESCRIPTOR_SET: &'static [u8] = b"";
    const HOST_VARIABLE: &'static str = "RATES_HOST";

    fn handle(_: &Arc<Self>, _: &str, call: Call) -> Reply {
        call.unimplemented()
    }

    fn client(_: Channel) -> Arc<Self> {
        unreachable!("these tests call through channels")
    }
}

/// An interceptor that a test writes.
struct With(Work);

type Work =
    Box<dyn for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync>;

impl Intercept for With {
    fn name(&self) -> &'static str {
        "with"
    }

    fn see_through<'call>(
        &'call self,
        call: &'call mut InterceptedCall,
        next: Next<'call>,
    ) -> Intercepting<'call> {
        (self.0)(call, next)
    }
}

fn channel(
    host: impl ToString,
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Channel {
    channel_of(&config(host), work)
}

fn channel_of(
    config: &ClientConfig,
    work: impl for<'a> Fn(&'a mut InterceptedCall, Next<'a>) -> Intercepting<'a> + Send + Sync + 'static,
) -> Channel {
    let interceptor: Arc<dyn Intercept> = Arc::new(With(Box::new(work)));
    let interceptors = Interceptors::new().with(Calls::made(), interceptor);
    let channel = Channel::connect(TARGET, config).unwrap();
    channel.intercept::<dyn Rates>(&interceptors, None).unwrap()
}

async fn get(channel: &Channel, ask: &str) -> Result<String, Status> {
    let response = in_time(channel.unary(GET, Request::new(text(ask)))).await?;
    let answer: Text = response.into_inner();
    Ok(answer.text)
}

async fn watch(channel: &Channel, ask: &str) -> Result<Vec<String>, Status> {
    let response = in_time(channel.server_streaming(WATCH, Request::new(text(ask)))).await?;
    in_time(collect(response.into_inner())).await
}

async fn sum(channel: &Channel, words: &[&str]) -> Result<String, Status> {
    let response = in_time(channel.client_streaming(SUM, Request::new(texts(words)))).await?;
    let answer: Text = response.into_inner();
    Ok(answer.text)
}

async fn echo(channel: &Channel, words: &[&str]) -> Result<Vec<String>, Status> {
    let response = in_time(channel.streaming(ECHO, Request::new(texts(words)))).await?;
    in_time(collect(response.into_inner())).await
}

async fn collect(messages: BoxStream<Text>) -> Result<Vec<String>, Status> {
    messages.map_ok(|message| message.text).try_collect().await
}

#[tokio::test]
async fn an_interceptor_adds_metadata_and_knows_its_call() {
    let (address, _ends) = serve().await;
    let channel = channel(address, |call, next| {
        Box::pin(async move {
            assert_eq!(call.side(), Side::Client);
            assert_eq!(call.method(), GET);
            let context = call.context();
            assert_eq!(context.method(), GET);
            assert!(context.remaining().unwrap() <= Duration::from_secs(10));
            // Less time than the config gives.
            call.metadata_mut()
                .insert("grpc-timeout", "1500m".parse().unwrap());
            next.run(call).await
        })
    });
    assert_eq!(get(&channel, "grpc-timeout").await.unwrap(), "1500000u");
}

#[tokio::test]
async fn each_message_is_seen_in_each_kind_of_call() {
    let (address, _ends) = serve().await;
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&log);
    let channel = channel(address, move |call, mut next| {
        let (requests, responses) = (Arc::clone(&written), Arc::clone(&written));
        next.on_request(move |message| {
            let text: Text = message.decode()?;
            requests.lock().unwrap().push(format!("> {}", text.text));
            message.replace(&Text {
                text: text.text.to_uppercase(),
            });
            Ok(())
        });
        next.on_response(move |message| {
            let text: Text = message.decode()?;
            responses.lock().unwrap().push(format!("< {}", text.text));
            message.replace(&Text {
                text: format!("{}!", text.text),
            });
            Ok(())
        });
        Box::pin(next.run(call))
    });
    let take = || {
        let mut seen = std::mem::take(&mut *log.lock().unwrap());
        seen.sort_unstable();
        seen
    };
    assert_eq!(get(&channel, "a").await.unwrap(), "A!");
    assert_eq!(take(), ["< A", "> a"]);
    assert_eq!(
        watch(&channel, "a").await.unwrap(),
        ["one!", "two!", "three!"]
    );
    assert_eq!(take(), ["< one", "< three", "< two", "> a"]);
    assert_eq!(sum(&channel, &["a", "b"]).await.unwrap(), "A B!");
    assert_eq!(take(), ["< A B", "> a", "> b"]);
    assert_eq!(echo(&channel, &["a", "b"]).await.unwrap(), ["A!", "B!"]);
    assert_eq!(take(), ["< A", "< B", "> a", "> b"]);
}

#[tokio::test]
async fn a_message_that_is_refused_never_leaves() {
    let (address, mut ends) = serve().await;
    let channel = channel(address, |call, mut next| {
        next.on_request(|message| match message.decode::<Text>()?.text.as_str() {
            "refused" => Err(Status::invalid_argument("not this one")),
            _ => Ok(()),
        });
        Box::pin(next.run(call))
    });
    let refused = [
        get(&channel, "refused").await.unwrap_err(),
        watch(&channel, "refused").await.unwrap_err(),
        sum(&channel, &["a", "refused"]).await.unwrap_err(),
        echo(&channel, &["a", "refused"]).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, "not this one")
        );
    }
    // Half of a stream is not taken for whole.
    let ended = in_time(ends.recv()).await.unwrap();
    assert!(!ended.starts_with("end"), "{ended}");
}

#[tokio::test]
async fn an_interceptor_answers_without_a_server() {
    // A port that nobody listens on.
    let channel = channel("127.0.0.1:1", |call, mut next| {
        Box::pin(async move {
            let Some(request) = next.request().await? else {
                call.answer([text("x"), text("y")]);
                return Ok(());
            };
            if request.decode::<Text>()?.text == "cached" {
                call.answer([text("from the cache")]);
                return Ok(());
            }
            match next.run(call).await {
                Err(status) if status.code() == Code::Unavailable => {
                    call.answer([text("the last known")]);
                    Ok(())
                }
                ended => ended,
            }
        })
    });
    assert_eq!(get(&channel, "cached").await.unwrap(), "from the cache");
    assert_eq!(get(&channel, "a").await.unwrap(), "the last known");
    assert_eq!(watch(&channel, "cached").await.unwrap(), ["from the cache"]);
    assert_eq!(echo(&channel, &["a"]).await.unwrap(), ["x", "y"]);
}

#[tokio::test]
async fn the_end_of_each_kind_of_call_is_told_once() {
    let (address, _server) = serve().await;
    let (ends, mut seen) = mpsc::unbounded_channel();
    let channel = channel(address, move |call, mut next| {
        let ends = ends.clone();
        next.on_end(move |end| {
            ends.send(end.code()).unwrap();
            if end.code() == Code::InvalidArgument {
                assert_eq!(end.trailers().get("x-rule").unwrap(), "letters");
            }
        });
        Box::pin(next.run(call))
    });
    get(&channel, "a").await.unwrap();
    assert_eq!(in_time(seen.recv()).await, Some(Code::Ok));
    get(&channel, "fail").await.unwrap_err();
    assert_eq!(in_time(seen.recv()).await, Some(Code::InvalidArgument));
    watch(&channel, "a").await.unwrap();
    assert_eq!(in_time(seen.recv()).await, Some(Code::Ok));
    watch(&channel, "fail later").await.unwrap_err();
    assert_eq!(in_time(seen.recv()).await, Some(Code::DataLoss));
    sum(&channel, &["a"]).await.unwrap();
    assert_eq!(in_time(seen.recv()).await, Some(Code::Ok));

    // Who does not read on, or does not wait, has cancelled it.
    let response: Response<BoxStream<Text>> =
        in_time(channel.server_streaming(WATCH, Request::new(text("hang later"))))
            .await
            .unwrap();
    let mut messages = response.into_inner();
    in_time(messages.next()).await.unwrap().unwrap();
    drop(messages);
    assert_eq!(in_time(seen.recv()).await, Some(Code::Cancelled));
    let call = tokio::spawn({
        let channel = channel.clone();
        async move { get(&channel, "hang").await }
    });
    get(&channel, "a").await.unwrap();
    assert_eq!(in_time(seen.recv()).await, Some(Code::Ok));
    call.abort();
    assert_eq!(in_time(seen.recv()).await, Some(Code::Cancelled));
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn time_in_an_interceptor_is_time_of_the_call() {
    let (address, _ends) = serve().await;
    let limit = Duration::from_millis(200);
    let config = ClientConfig {
        deadline: limit.into(),
        ..config(address)
    };
    let hangs = channel_of(&config, |_, _| Box::pin(std::future::pending()));
    let status = get(&hangs, "a").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let kind = Failure::of(&status).unwrap().kind();
    assert_eq!(kind, FailureKind::DeadlineExceeded { limit });

    // Behind the response, too.
    let late = channel_of(&config, |call, next| {
        Box::pin(async move {
            next.run(call).await?;
            std::future::pending().await
        })
    });
    let status = get(&late, "a").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);

    // The server is told what is left, and the caller does not wait longer than that.
    let slow = channel_of(&config, |call, next| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            next.run(call).await
        })
    });
    let told = get(&slow, "grpc-timeout").await.unwrap();
    let (figure, unit) = told.split_at(told.len() - 1);
    let told = match unit {
        "u" => Duration::from_micros(figure.parse().unwrap()),
        "n" => Duration::from_nanos(figure.parse().unwrap()),
        _ => panic!("{told}"),
    };
    assert!(told <= Duration::from_millis(100), "{told:?}");
    let begun = Instant::now();
    let status = get(&slow, "hang").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_panic_ends_its_call_alone() {
    let (address, _ends) = serve().await;
    let channel = channel(address, |call, mut next| {
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
            next.run(call).await
        })
    });
    for place in ["before", "request", "response", "end"] {
        let mut request = Request::new(text("a"));
        request
            .metadata_mut()
            .insert("panic", place.parse().unwrap());
        let answered: Result<Response<Text>, _> = in_time(channel.unary(GET, request)).await;
        let status = answered.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error"),
            "{place}"
        );
    }
    assert_eq!(get(&channel, "a").await.unwrap(), "a");
}

#[tokio::test]
async fn names_choose_the_interceptors_and_an_unknown_one_is_refused() {
    let (address, _ends) = serve().await;
    let interceptor: Arc<dyn Intercept> = Arc::new(With(Box::new(|_, _| {
        Box::pin(async { Err(Status::aborted("it was asked")) })
    })));
    let interceptors = Interceptors::new().with(Calls::made().configured(), interceptor);
    let channel = |names: Option<&[String]>| {
        let channel = Channel::connect(TARGET, &config(address)).unwrap();
        channel.intercept::<dyn Rates>(&interceptors, names)
    };
    assert_eq!(get(&channel(None).unwrap(), "a").await.unwrap(), "a");
    let named = channel(Some(&["with".to_owned()])).unwrap();
    assert_eq!(get(&named, "a").await.unwrap_err().code(), Code::Aborted);
    let unknown = channel(Some(&["without".to_owned()])).unwrap_err();
    let expected = UnknownInterceptor {
        name: "without".to_owned(),
        known: vec!["with".to_owned()],
    };
    assert_eq!(unknown, expected);
}

#[tokio::test]
async fn trailers_are_had_apart_where_they_are_asked_for() {
    let (address, _ends) = serve().await;
    let channel = Channel::connect(TARGET, &config(address)).unwrap();
    let mut request = Request::new(text("fail"));
    let metadata = ResponseMetadata::of(&mut request);
    assert!(metadata.trailers().is_none());
    let answered: Result<Response<Text>, _> = in_time(channel.unary(GET, request)).await;
    answered.unwrap_err();
    assert_eq!(
        metadata.trailers().unwrap().get("x-rule").unwrap(),
        "letters"
    );

    let mut request = Request::new(text(""));
    let metadata = ResponseMetadata::of(&mut request);
    let response = in_time(channel.server_streaming(WATCH, request))
        .await
        .unwrap();
    assert!(metadata.trailers().is_none());
    in_time(collect(response.into_inner())).await.unwrap();
    assert!(metadata.trailers().unwrap().is_empty());
}

#[tokio::test]
async fn the_context_of_a_call_that_is_left_is_over() {
    let (address, _ends) = serve().await;
    let (contexts, mut seen) = mpsc::unbounded_channel();
    let channel = channel(address, move |call, next| {
        contexts.send(call.context()).unwrap();
        Box::pin(next.run(call))
    });
    get(&channel, "a").await.unwrap();
    in_time(in_time(seen.recv()).await.unwrap().over()).await;
    let call = tokio::spawn(async move { get(&channel, "hang").await });
    let context = in_time(seen.recv()).await.unwrap();
    assert!(!context.is_over());
    call.abort();
    in_time(context.over()).await;
}

#[tokio::test]
async fn metadata_of_a_connection_are_none_of_a_call() {
    let (address, _ends) = serve().await;
    let channel = channel(address, |call, next| {
        for name in [
            "connection",
            "transfer-encoding",
            "upgrade",
            "content-length",
            "host",
        ] {
            call.metadata_mut().insert(name, "3".parse().unwrap());
        }
        Box::pin(next.run(call))
    });
    assert_eq!(get(&channel, "a").await.unwrap(), "a");
}
