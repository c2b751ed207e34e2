//! What interceptors see of messages.

use nautil_grpc::{Calls, Code, Interceptors, Status};

use super::fixture::{Log, both, client, down, echo, one, said, start, unary, up, with};
use crate::echo::Text;

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

#[tokio::test]
async fn what_is_inside_sees_what_those_outside_made_of_a_request() {
    let outer = with::<0>(|call, mut next| {
        next.on_request(|message| match message.decode::<Text>()?.text.as_str() {
            "refused" => Err(Status::invalid_argument("not this one")),
            text => {
                message.replace(&Text::new(format!("{text}, seen once")));
                Ok(())
            }
        });
        Box::pin(next.run(call))
    });
    let inner = with::<1>(|call, mut next| {
        Box::pin(async move {
            let request = next.request().await?.unwrap();
            let text = request.decode::<Text>()?.text;
            if text.starts_with("answer") {
                call.answer([Text::new(text)]);
                return Ok(());
            }
            next.run(call).await
        })
    });
    let interceptors = Interceptors::new()
        .with(Calls::served(), outer)
        .with(Calls::served(), inner);
    let running = start(echo(), interceptors);
    let channel = client(&running);
    let refused = unary(&channel, "refused").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    for text in ["answer", "go on"] {
        let said = unary(&channel, text).await.unwrap().into_inner().text;
        assert_eq!(said, format!("{text}, seen once"));
    }
}
