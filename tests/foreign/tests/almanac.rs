//! The feature in a kernel that somebody makes with it.

use std::path::Path;
use std::time::Duration;

use nautil::testing::TestKernel;
use nautil::{Bootloader, Bootloaders, Init, Kernel};
use nautil_almanac::{Almanac, AlmanacBootloader, AlmanacInit, Ledger};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

#[derive(PartialEq)]
struct Days(&'static [&'static str]);

impl Bootloader for Days {
    fn init(&self, init: &mut Init<'_>) {
        for day in self.0 {
            init.remember(day);
        }
    }
}

struct App(&'static [&'static str]);

impl Kernel for App {
    const NAME: &'static str = "days";
    const VERSION: &'static str = "0.0.0";

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new()
            .with(AlmanacBootloader)
            .with(Days(self.0))
    }
}

/// What a page says once it has these words.
async fn says(socket: &Path, path: &str, words: &str) {
    let asking = async {
        loop {
            let Ok(mut stream) = UnixStream::connect(socket).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            if answer.contains(words) {
                return;
            }
        }
    };
    let limit = Duration::from_secs(60);
    let asked = tokio::time::timeout(limit, asking).await;
    asked.unwrap_or_else(|_| panic!("{path} does not say {words}"));
}

/// A project's root without a value of its own.
fn root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("config")).unwrap();
    root
}

#[tokio::test]
async fn a_feature_from_outside_is_one_like_any_other() {
    let root = root();
    let days = &["new year", "midsummer"];
    let kernel = TestKernel::of(App(days)).root(root.path());
    let app = kernel.start().await.unwrap();
    let almanac = app.get::<dyn Almanac>().unwrap();
    assert_eq!(almanac.days(), ["new year", "midsummer"]);
    // The connection was made in boot, and the worker writes until the application stops.
    let ledger = app.get::<dyn Ledger>().unwrap();
    while !ledger.is_open() {
        tokio::task::yield_now().await;
    }
    app.stop().await.unwrap();
    assert!(!ledger.is_open());

    let socket = root.path().join("management.sock");
    let listen = format!("server.management.listen=unix:{}", socket.display());
    let kernel = TestKernel::of(App(days))
        .root(root.path())
        .config("server.listen=127.0.0.1:0")
        .config("server.workers=1")
        .config("almanac.least=3")
        .config(&listen);
    let serving = tokio::spawn(async move { kernel.console(["serve"]).await });
    says(
        &socket,
        "/readyz",
        "Z: 2 days are known, and `almanac.least` is 3\n",
    )
    .await;
    says(&socket, "/almanac", "\r\n\r\nnew year\nmidsummer").await;
    says(&socket, "/metrics", "\nalmanac_asked_total 1\n").await;
    serving.abort();
}

#[tokio::test]
async fn what_is_remembered_twice_is_refused() {
    let root = root();
    let kernel = TestKernel::of(App(&["new year", "new year"])).root(root.path());
    assert_eq!(
        kernel.start().await.unwrap_err().to_string(),
        "day `new year` is declared twice: by bootloader `Days` and by bootloader `Days`"
    );
}
