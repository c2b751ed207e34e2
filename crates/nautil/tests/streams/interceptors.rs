//! Interceptors as components, on both sides, and what is said of them.

use std::sync::Arc;

use nautil::container::{Component, Interface};
use nautil::grpc::{
    Body, Calls, DynInterceptor, InterceptedCall, Interceptor, Next, Request, Side, Status, http,
};
use nautil::testing::TestKernel;
use nautil::{Bootloader, Bootloaders, Init, Kernel};
use tower::util::MapResponseLayer;

use crate::generated::streams::EchoServiceInterface;
use crate::{EchoBootloader, generated, root, words};

trait Signature: Interface {
    fn text(&self) -> &'static str;
}

#[derive(Component)]
#[shaku(interface = Signature)]
struct Ada;

impl Signature for Ada {
    fn text(&self) -> &'static str {
        "ada"
    }
}

/// A client signs its requests, and a server its responses.
#[derive(Component)]
#[shaku(interface = DynInterceptor)]
struct Sign {
    #[shaku(inject)]
    signature: Arc<dyn Signature>,
}

impl Interceptor for Sign {
    const NAME: &'static str = "sign";

    async fn intercept(&self, call: &mut InterceptedCall, next: Next<'_>) -> Result<(), Status> {
        let text = self.signature.text().parse().unwrap();
        if call.side() == Side::Client {
            call.metadata_mut().insert("from", text);
            return next.run(call).await;
        }
        if call.metadata().get("from") != Some(&text) {
            return Err(Status::unauthenticated("it is not signed"));
        }
        next.run(call).await?;
        call.response_metadata_mut().insert("by", text);
        Ok(())
    }
}

#[derive(PartialEq)]
struct SignBootloader(Calls);

impl Bootloader for SignBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.bind::<Ada>();
        init.intercept_calls::<Sign>(self.0.clone());
        init.layer_with(|resolver| {
            let signature = resolver.get::<dyn Signature>();
            let sign = move |mut response: http::Response<Body>| {
                let text = http::HeaderValue::from_static(signature.text());
                response.headers_mut().insert("layered-by", text);
                response
            };
            Ok(MapResponseLayer::new(sign))
        });
    }
}

struct App(Calls);

impl Kernel for App {
    const NAME: &'static str = "signed";
    const VERSION: &'static str = "0.0.0";

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
            .with(generated::ServiceBootloader)
            .with(EchoBootloader)
            .with(SignBootloader(self.0.clone()))
    }
}

fn kernel(calls: Calls) -> TestKernel<App> {
    TestKernel::of(App(calls)).root(root())
}

#[tokio::test]
async fn a_component_sees_calls_on_both_sides() {
    let app = kernel(Calls::all()).start().await.unwrap();
    let client = app.get::<dyn EchoServiceInterface>().unwrap();
    let said = client.say(Request::new(words("hello"))).await.unwrap();
    assert_eq!(said.metadata().get("by").unwrap(), "ada");
    assert_eq!(said.metadata().get("layered-by").unwrap(), "ada");
    app.stop().await.unwrap();

    // On the server's side alone, nobody signs.
    let app = kernel(Calls::served()).start().await.unwrap();
    let client = app.get::<dyn EchoServiceInterface>().unwrap();
    let refused = client.say(Request::new(words("hello"))).await.unwrap_err();
    assert_eq!(refused.message(), "it is not signed");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn what_holds_for_a_method_is_explained() {
    let explain = ["grpc:explain", "streams.EchoService/Say"];
    let called = kernel(Calls::all()).console(explain).await;
    let both = called.out.matches("1      sign         Sign").count();
    assert_eq!(both, 2, "{}", called.out);
    assert!(
        called
            .out
            .starts_with("unary, served by EchoService (EchoBootloader)\n")
    );
    assert!(
        called.out.contains("server.deadline.maximum"),
        "{}",
        called.out
    );

    let wrong = ["grpc:explain", "streams.EchoService/Sai"];
    let called = kernel(Calls::all()).console(wrong).await;
    let expected = "no method `streams.EchoService/Sai` is served or called; \
                    did you mean `streams.EchoService/Say`?";
    assert!(called.err.contains(expected), "{}", called.err);

    // What nobody calls or serves keeps the application from starting.
    let calls = Calls::made().of("streams.EchoService/Sai".parse().unwrap());
    let error = kernel(calls).start().await.unwrap_err().to_string();
    assert!(error.contains("which no client calls"), "{error}");
}
