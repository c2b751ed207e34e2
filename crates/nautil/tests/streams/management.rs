//! The management port of an application: pages, health checks and metrics that bootloaders declare.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nautil::bootloader::BoxError;
use nautil::console::Code;
use nautil::container::Component;
use nautil::grpc::metrics::{self, Counter, Metrics};
use nautil::grpc::server::{PageRequest, PageResponse, ServerConfig, text};
use nautil::grpc::{DynHealthCheck, DynPage, HealthCheck, Page, Scope};
use nautil::testing::TestKernel;
use nautil::{Bootloader, Bootloaders, Init, Kernel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::{App, root};

/// An application with one more bootloader.
struct With<B>(fn() -> B);

impl<B: Bootloader + PartialEq> Kernel for With<B> {
    const NAME: &'static str = "streams";
    const VERSION: &'static str = "0.0.0";

    fn bootloaders(&self) -> Bootloaders {
        App.bootloaders().with((self.0)())
    }
}

/// Whether the words are there.
struct Words(AtomicBool);

struct PageMetrics {
    asked: Counter<1>,
}

impl PageMetrics {
    fn declare(metrics: &Metrics) -> Result<Self, metrics::Error> {
        let asked = metrics.counter("words_asked", "Questions about the words", &["page"])?;
        Ok(PageMetrics { asked })
    }
}

#[derive(Component)]
#[shaku(interface = DynPage)]
struct WordsPage {
    #[shaku(inject)]
    config: Arc<ServerConfig>,
    #[shaku(inject)]
    words: Arc<Words>,
    #[shaku(inject)]
    metrics: Arc<PageMetrics>,
}

impl Page for WordsPage {
    const PATH: &'static str = "/words";
    const ABOUT: &'static str = "Lets the words go";

    async fn answer(&self, _: PageRequest) -> PageResponse {
        self.words.0.store(false, Ordering::SeqCst);
        self.metrics.asked.with([Self::PATH]).inc();
        text(format!("{} workers\n", self.config.workers))
    }
}

#[derive(Component)]
#[shaku(interface = DynHealthCheck)]
struct WordsCheck {
    #[shaku(inject)]
    words: Arc<Words>,
}

impl HealthCheck for WordsCheck {
    const NAME: &'static str = "words";
    const SCOPE: Scope = Scope::Services(&["streams.EchoService"]);

    async fn check(&self) -> Result<(), BoxError> {
        if self.words.0.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err("there are no words".into())
    }
}

#[derive(PartialEq)]
struct WordsBootloader;

impl Bootloader for WordsBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.instance(Arc::new(Words(AtomicBool::new(true))))
            .metrics(PageMetrics::declare)
            .page::<WordsPage>()
            .health_check::<WordsCheck>();
    }
}

/// What a page of the port at this socket says: its status, and its text. Asks until somebody listens.
async fn get(socket: &Path, path: &str) -> (String, String) {
    let mut stream = loop {
        match UnixStream::connect(socket).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.to_owned(), body.to_owned())
}

/// Asks until the page says this.
async fn says(socket: &Path, path: &str, words: &str) -> String {
    loop {
        let (_, page) = get(socket, path).await;
        if page.contains(words) {
            return page;
        }
    }
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("the test hangs")
}

#[tokio::test]
async fn what_bootloaders_declare_is_on_the_port() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("management.sock");
    let kernel = TestKernel::of(With(|| WordsBootloader))
        .root(root())
        .config("server.listen=127.0.0.1:0")
        .config("server.workers=1")
        .config("server.health.interval=10ms")
        .config(&format!(
            "server.management.listen=unix:{}",
            socket.display()
        ));
    let serving = tokio::spawn(async move { kernel.console(["serve"]).await });

    in_time(async {
        let page = says(&socket, "/readyz", "words (streams.EchoService): ok since ").await;
        assert!(page.starts_with("ready\n"), "{page}");
        let index = get(&socket, "/").await.1;
        assert!(index.contains("/words  Lets the words go\n"), "{index}");
        assert_eq!(get(&socket, "/words").await.1, "1 workers\n");
        says(&socket, "/readyz", "Z: there are no words\n").await;
        let shown = get(&socket, "/metrics").await.1;
        let line = "\nwords_asked_total{page=\"/words\"} 1\n";
        assert!(shown.contains(line), "{shown}");
        assert!(
            shown.contains("\nnautil_health_check{check=\"words\"} 0\n"),
            "{shown}"
        );
    })
    .await;
    serving.abort();
}

/// A page and a check that cannot be, and others that are there already.
macro_rules! page {
    ($name:ident, $path:literal) => {
        #[derive(Component)]
        #[shaku(interface = DynPage)]
        struct $name;
        impl Page for $name {
            const PATH: &'static str = $path;
            const ABOUT: &'static str = "";
            async fn answer(&self, _: PageRequest) -> PageResponse {
                text("")
            }
        }
    };
}
page!(AgainPage, "/words");
page!(MetricsPage, "/metrics");
page!(RelativePage, "words");

#[derive(Component)]
#[shaku(interface = DynHealthCheck)]
struct AgainCheck;

impl HealthCheck for AgainCheck {
    const NAME: &'static str = "words";
    const SCOPE: Scope = Scope::Server;

    async fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[derive(PartialEq)]
struct AgainBootloader;

impl Bootloader for AgainBootloader {
    fn init(&self, init: &mut Init<'_>) {
        WordsBootloader.init(init);
        init.page::<AgainPage>()
            .page::<MetricsPage>()
            .page::<RelativePage>()
            .health_check::<AgainCheck>();
    }
}

#[tokio::test]
async fn what_is_declared_twice_or_cannot_be_is_refused_with_those_who_declared_it() {
    let called = TestKernel::of(With(|| AgainBootloader))
        .root(root())
        .console(["list"])
        .await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.err,
        "\
error: page `/words` is declared twice: by bootloader `AgainBootloader` and by bootloader `AgainBootloader`
error: page `/metrics` is declared twice: by bootloader `GrpcServerBootloader` and by bootloader `AgainBootloader`
error: bootloader `AgainBootloader` declares what cannot be
  because page `words`: a path begins with `/`
error: health check `words` is declared twice: by bootloader `AgainBootloader` and by bootloader `AgainBootloader`
"
    );
}

#[derive(Component)]
#[shaku(interface = DynHealthCheck)]
struct MistypedCheck;

impl HealthCheck for MistypedCheck {
    const NAME: &'static str = "mistyped";
    const SCOPE: Scope = Scope::Services(&["streams.EchoServcie"]);

    async fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[derive(PartialEq)]
struct MistypedBootloader;

impl Bootloader for MistypedBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.health_check::<MistypedCheck>();
    }
}

#[tokio::test]
async fn a_check_of_a_service_that_is_not_served_keeps_the_application_from_starting() {
    let started = TestKernel::of(With(|| MistypedBootloader))
        .root(root())
        .start()
        .await;
    assert_eq!(
        started.unwrap_err().to_string(),
        "bootloader `GrpcServerBootloader` failed in boot\n  because health check `mistyped` of bootloader \
         `MistypedBootloader` speaks for the service `streams.EchoServcie`, which is not served; did you mean \
         `streams.EchoService`?"
    );
}

#[derive(Debug)]
struct OtherMetrics;

#[derive(PartialEq)]
struct ClashBootloader;

impl Bootloader for ClashBootloader {
    fn init(&self, init: &mut Init<'_>) {
        WordsBootloader.init(init);
        init.metrics(|metrics| {
            metrics.gauge("words_asked", "Others", &[])?;
            Ok(OtherMetrics)
        });
    }
}

#[tokio::test]
async fn a_metric_that_another_feature_has_keeps_the_application_from_starting() {
    let started = TestKernel::of(With(|| ClashBootloader))
        .root(root())
        .start()
        .await;
    assert_eq!(
        started.unwrap_err().to_string(),
        "the container is broken\n  `OtherMetrics`, bound by bootloader `ClashBootloader`, cannot be made\n  because metric \
         `words_asked` cannot be declared: it is declared already as a counter by `page` (\"Questions about the words\"); \
         here it is a gauge without labels (\"Others\")"
    );
}
