//! Interceptors that fail.

use std::time::Duration;

use nautil_grpc::{Code, Request, Response};

use super::fixture::{client, echo, messages, one, said, start, texts};
use crate::echo::{Text, method};
use crate::fixture::in_time;

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
