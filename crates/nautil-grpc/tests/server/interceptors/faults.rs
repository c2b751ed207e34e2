//! Interceptors that fail.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use nautil_grpc::{Code, Method, MethodKind, Request, Response};
use tokio::sync::{mpsc, oneshot};

use super::fixture::{client, echo, messages, one, said, start, start_by, texts, unary};
use crate::echo::{Text, method};
use crate::fixture::{config, in_time};

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

/// A payload, or a value, that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("as asked, again");
        }
    }
}

#[tokio::test]
async fn a_panic_that_panics_again_when_it_is_dropped_is_one() {
    let interceptors = one(|call, mut next| {
        next.on_end(|_| std::panic::panic_any(Bomb));
        next.on_end(|_| std::panic::panic_any(Bomb));
        Box::pin(next.run(call))
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    for _ in 0..2 {
        let status = unary(&channel, "a").await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::Internal, "internal error")
        );
    }
}

#[tokio::test]
async fn a_request_that_was_not_waited_for_is_not_lost() {
    let (given_up, mut seen) = mpsc::unbounded_channel();
    let interceptors = one(move |call, mut next| {
        let given_up = given_up.clone();
        Box::pin(async move {
            let waited = tokio::time::timeout(Duration::ZERO, next.request()).await;
            assert!(waited.is_err(), "{waited:?}");
            given_up.send(()).unwrap();
            next.run(call).await
        })
    });
    let running = start(echo(), interceptors);
    // The head of the request, and its message only when the interceptor has given up.
    let (sender, later) = oneshot::channel::<()>();
    let messages = stream::once(async move {
        later.await.unwrap();
        Ok(Text::new("late"))
    });
    static UNARY_AS_STREAM: Method = Method::new("/echo.Echo/Unary", MethodKind::ClientStreaming);
    let call = tokio::spawn({
        let channel = client(&running);
        async move {
            let request = Request::new(messages.boxed());
            in_time(channel.client_streaming::<Text, Text>(&UNARY_AS_STREAM, request)).await
        }
    });
    in_time(seen.recv()).await.unwrap();
    sender.send(()).unwrap();
    assert_eq!(call.await.unwrap().unwrap().into_inner().text, "late");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_stays_so() {
    let interceptors = one(|call, mut next| {
        Box::pin(async move {
            let first = next.request().await.unwrap_err();
            let again = next.request().await.unwrap_err();
            assert_eq!(first.code(), again.code());
            next.run(call).await
        })
    });
    let mut config = config();
    config.limits.max_receive_message = 100;
    let running = start_by(&config, echo(), interceptors);
    let status = unary(&client(&running), &"x".repeat(200))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn metadata_that_no_client_takes_harm_no_call() {
    let interceptors = one(|call, mut next| {
        let is_large = call.metadata().get("large").is_some();
        next.on_end(move |end| {
            let trailers = end.trailers_mut();
            if is_large {
                trailers.insert("x-large", "x".repeat(100_000).parse().unwrap());
            }
            for name in [
                "connection",
                "transfer-encoding",
                "upgrade",
                "content-length",
            ] {
                trailers.insert(name, "3".parse().unwrap());
            }
            if let Some(error) = end.error() {
                let mut error = error.clone();
                error
                    .metadata_mut()
                    .insert("content-length", "3".parse().unwrap());
                end.fail(error);
            }
        });
        Box::pin(next.run(call))
    });
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let beside = tokio::spawn({
        let channel = channel.clone();
        async move { unary(&channel, "hang").await }
    });
    for text in ["a", "fail"] {
        for is_large in [false, true] {
            let mut request = Request::new(Text::new(text));
            if is_large {
                request.metadata_mut().insert("large", "1".parse().unwrap());
            }
            let answered: Result<Response<Text>, _> =
                in_time(channel.unary(method("Unary"), request)).await;
            let code = answered.map_or_else(|status| status.code(), |_| Code::Ok);
            let expected = if text == "a" {
                Code::Ok
            } else {
                Code::NotFound
            };
            assert_eq!(code, expected, "{text}, {is_large}");
        }
    }
    assert!(!beside.is_finished());
}
