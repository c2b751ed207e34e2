//! What interceptors hear of the end of a call.

use std::time::Duration;

use nautil_grpc::{BoxStream, Code, Interceptors, Request, Response, Status};
use tokio::sync::mpsc;

use super::fixture::{both, client, down, echo, one, said, start, start_by, unary, up};
use crate::echo::{Text, method};
use crate::fixture::{config, in_time};

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
