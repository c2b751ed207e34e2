//! The four kinds of calls, as the generator writes them: its client, through the framework's client and server, to a service
//! that implements its interface. `generated/` is what the generator makes of `proto/`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[rustfmt::skip]
mod generated;
mod interceptors;
mod management;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use nautil::container::{Component, Container, HasComponent};
use nautil::grpc::{Body, BoxStream, Code, Request, Response, Status};
use nautil::shaku::ModuleBuildContext;
use nautil::testing::{TestApp, TestKernel};
use nautil::{Bootloader, Bootloaders, Init, Kernel};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tower::util::MapResponseLayer;

use generated::streams::{EchoServiceInterface, Words};

#[derive(Component)]
#[shaku(interface = EchoServiceInterface)]
struct EchoService;

#[nautil::async_trait]
impl EchoServiceInterface for EchoService {
    async fn say(&self, request: Request<Words>) -> Result<Response<Words>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn split(&self, request: Request<Words>) -> Result<Response<BoxStream<Words>>, Status> {
        let text = request.into_inner().text;
        let all: Vec<_> = text.split(' ').map(|word| Ok(words(word))).collect();
        Ok(Response::new(Box::pin(stream::iter(all))))
    }

    async fn join(&self, request: Request<BoxStream<Words>>) -> Result<Response<Words>, Status> {
        let mut text = Vec::new();
        let mut incoming = request.into_inner();
        while let Some(next) = incoming.next().await {
            text.push(next?.text);
        }
        Ok(Response::new(words(&text.join(" "))))
    }

    async fn repeat(
        &self,
        request: Request<BoxStream<Words>>,
    ) -> Result<Response<BoxStream<Words>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

#[derive(PartialEq)]
struct EchoBootloader;

impl Bootloader for EchoBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.serve::<EchoService>();
    }
}

struct App;

impl Kernel for App {
    const NAME: &'static str = "streams";
    const VERSION: &'static str = "0.0.0";

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
            .with(generated::ServiceBootloader)
            .with(EchoBootloader)
    }
}

fn words(text: &str) -> Words {
    Words {
        text: text.to_owned(),
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/streams"))
}

async fn client() -> (TestApp, Arc<dyn EchoServiceInterface>) {
    let app = TestKernel::of(App).root(root()).start().await.unwrap();
    let client = app.get::<dyn EchoServiceInterface>().unwrap();
    (app, client)
}

fn outgoing(
    items: impl IntoIterator<Item = Result<Words, Status>, IntoIter: Send + 'static>,
) -> Request<BoxStream<Words>> {
    Request::new(Box::pin(stream::iter(items)))
}

#[tokio::test]
async fn one_message_is_answered_by_one() {
    let (app, client) = client().await;
    let said = client.say(Request::new(words("hello"))).await.unwrap();
    assert_eq!(said.into_inner(), words("hello"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn one_message_is_answered_by_a_stream() {
    let (_app, client) = client().await;
    let split = client.split(Request::new(words("a b c"))).await.unwrap();
    let all: Vec<_> = split.into_inner().map(Result::unwrap).collect().await;
    assert_eq!(all, [words("a"), words("b"), words("c")]);
}

#[tokio::test]
async fn a_stream_is_answered_by_one_message() {
    let (_app, client) = client().await;
    let sent = ["a", "b", "c"].map(|word| Ok(words(word)));
    let joined = client.join(outgoing(sent)).await.unwrap();
    assert_eq!(joined.into_inner(), words("a b c"));
}

#[tokio::test]
async fn a_stream_that_fails_on_its_way_out_fails_the_call() {
    let (_app, client) = client().await;
    let sent = [Ok(words("a")), Err(Status::data_loss("the rest is gone"))];
    let status = client.join(outgoing(sent)).await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss);
    assert_eq!(status.message(), "the rest is gone");
}

#[tokio::test]
async fn each_message_is_answered_before_the_next_is_sent() {
    let (_app, client) = client().await;
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let sent: BoxStream<Words> = Box::pin(UnboundedReceiverStream::new(receiver).map(Ok));
    sender.send(words("first")).unwrap();
    let response = client.repeat(Request::new(sent)).await.unwrap();
    let mut answers = response.into_inner();
    assert_eq!(answers.next().await.unwrap().unwrap(), words("first"));
    sender.send(words("second")).unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap(), words("second"));
    drop(sender);
    assert!(answers.next().await.is_none());
}

/// Two layers, each of which signs the response.
#[derive(PartialEq)]
struct SigningBootloader;

impl Bootloader for SigningBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.layer(signing("outer")).layer(signing("inner"));
    }
}

fn signing(
    name: &'static str,
) -> MapResponseLayer<impl Fn(http::Response<Body>) -> http::Response<Body> + Clone> {
    MapResponseLayer::new(move |mut response: http::Response<Body>| {
        let name = http::HeaderValue::from_static(name);
        response.headers_mut().append("signed-by", name);
        response
    })
}

struct Signed;

impl Kernel for Signed {
    const NAME: &'static str = "signed";
    const VERSION: &'static str = "0.0.0";

    fn bootloaders(&self) -> Bootloaders {
        App.bootloaders().with(SigningBootloader)
    }
}

#[tokio::test]
async fn the_layer_that_is_declared_first_is_the_outermost() {
    let app = TestKernel::of(Signed).root(root()).start().await.unwrap();
    let client = app.get::<dyn EchoServiceInterface>().unwrap();
    let said = client.say(Request::new(words("hello"))).await.unwrap();
    let signed = said.metadata().get_all("signed-by");
    let signed: Vec<_> = signed.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(signed, ["inner", "outer"]);
}

#[tokio::test]
async fn the_services_are_listed_with_their_kinds() {
    let called = TestKernel::of(App)
        .root(root())
        .console(["grpc:services"])
        .await;
    assert_eq!(
        called.out,
        "\
service              method  kind                     implementation  bootloader
streams.EchoService  Say     unary                    EchoService     EchoBootloader
streams.EchoService  Split   server streaming         EchoService     EchoBootloader
streams.EchoService  Join    client streaming         EchoService     EchoBootloader
streams.EchoService  Repeat  bidirectional streaming  EchoService     EchoBootloader
"
    );
}

#[tokio::test]
async fn what_a_service_lacks_is_tried_once_before_boot() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);

    struct Dictionary;

    /// An echo that looks words up.
    struct Learned;
    impl Component<Container> for Learned {
        type Interface = dyn EchoServiceInterface;
        type Parameters = ();

        fn build(
            context: &mut ModuleBuildContext<Container>,
            (): (),
        ) -> Box<dyn EchoServiceInterface> {
            let _: Arc<Dictionary> = Container::build_component(context);
            Box::new(EchoService)
        }
    }

    #[derive(PartialEq)]
    struct LearnedBootloader;
    impl Bootloader for LearnedBootloader {
        fn init(&self, init: &mut Init<'_>) {
            init.serve::<Learned>().factory::<Dictionary>(|_| {
                TRIES.fetch_add(1, Ordering::SeqCst);
                Err("it is lent out".into())
            });
        }
    }

    struct Lending;
    impl Kernel for Lending {
        const NAME: &'static str = "streams";
        const VERSION: &'static str = "0.0.0";

        fn bootloaders(&self) -> Bootloaders {
            Bootloaders::new().with(LearnedBootloader)
        }
    }

    let error = TestKernel::of(Lending).root(root()).start().await;
    assert_eq!(
        error.map(|_| ()).unwrap_err().to_string(),
        "the container is broken\n  \
         `Dictionary`, bound by bootloader `LearnedBootloader`, cannot be made\n  \
         because it is lent out"
    );
    assert_eq!(TRIES.load(Ordering::SeqCst), 1);
}

#[test]
fn the_generated_code_is_what_the_generator_writes_now() {
    let generated = nautil_codegen::generate(&nautil_codegen::Options {
        root: root().to_owned(),
        services: vec!["proto/streams/echo.proto".to_owned()],
        imports: Vec::new(),
        runtime: nautil_codegen::Runtime::Nautil,
    });
    let differences = generated.unwrap().differences(&root().join("generated"));
    let differences: Vec<_> = differences
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(differences.is_empty(), "{differences:?}");
}
