//! What interceptors do with a call.

use nautil_grpc::{Code, Context, Request, Response, Side, Status};

use super::fixture::{both, client, down, echo, one, said, start, unary, up};
use crate::answers::Answers;
use crate::echo::{Text, method};
use crate::fixture::in_time;

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
