//! Health checks: what they speak for, how they fail, how they recover, and who hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use nautil_grpc::server::{Check, Scope, Server, ServerConfig};
use tonic::Streaming;
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::echo::Echo;
use crate::fixture::{Running, channel, config, in_time, routes, start_server, unary};
use crate::management::{becomes, http1};

/// How the check of a test goes, from now on.
#[derive(Default)]
struct Dial(AtomicU32);

const PASS: u32 = 0;
const FAIL: u32 = 1;
const PANIC: u32 = 2;
const HANG: u32 = 3;

impl Dial {
    fn set(&self, way: u32) {
        self.0.store(way, Ordering::SeqCst);
    }
}

fn check(name: &str, scope: Scope) -> (Check, Arc<Dial>) {
    let dial = Arc::new(Dial::default());
    let own = Arc::clone(&dial);
    let check = Check::new(name, scope, move || {
        let own = Arc::clone(&own);
        async move {
            match own.0.load(Ordering::SeqCst) {
                FAIL => Err("the database is gone".into()),
                PANIC => panic!("as asked"),
                HANG => std::future::pending().await,
                _ => Ok(()),
            }
        }
    });
    (check, dial)
}

/// Checks often, so that a test need not wait.
fn quick() -> ServerConfig {
    let mut config = config();
    config.management.listen = Some("127.0.0.1:0".parse().unwrap());
    config.health.interval = Duration::from_millis(10);
    config
}

fn serve(config: &ServerConfig, checks: Vec<Check>) -> Running {
    let echo = Arc::new(Echo::default());
    let routes = routes(config, &echo);
    start_server(Server::bind(config).unwrap().checks(checks), routes, echo)
}

struct Watch(Streaming<HealthCheckResponse>);

impl Watch {
    async fn of(address: &str, service: &str) -> Self {
        let mut health = HealthClient::new(channel(address).await);
        let service = service.to_owned();
        let watch = in_time(health.watch(HealthCheckRequest { service })).await;
        Watch(watch.unwrap().into_inner())
    }

    async fn next(&mut self) -> ServingStatus {
        in_time(self.0.next()).await.unwrap().unwrap().status()
    }

    /// Waits for a status, which may come behind others.
    async fn until(&mut self, status: ServingStatus) {
        while self.next().await != status {}
    }
}

/// The page, once it says this.
async fn ready_says(address: &str, words: &str) -> String {
    let asking = async {
        loop {
            let page = http1(address, "GET /readyz").await;
            if page.contains(words) {
                return page;
            }
        }
    };
    in_time(asking).await
}

#[tokio::test]
async fn a_check_that_fails_takes_out_its_services_and_no_other() {
    let (check, dial) = check("database", Scope::Services(&["echo.Echo"]));
    let running = serve(&quick(), vec![check]);
    let management = running.management();
    // The port of the calls and the management port say the same.
    let mut calls = Watch::of(&running.address, "echo.Echo").await;
    let mut watch = Watch::of(&management, "echo.Echo").await;
    watch.until(Serving).await;
    calls.until(Serving).await;

    dial.set(FAIL);
    assert_eq!(watch.next().await, NotServing);
    assert_eq!(calls.next().await, NotServing);
    let mut server = Watch::of(&management, "").await;
    assert_eq!(server.next().await, Serving);
    let page = http1(&management, "GET /readyz").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(
        page.contains("\r\ncontent-type: text/plain; charset=utf-8\r\n"),
        "{page}"
    );
    assert!(
        page.contains("\r\n\r\nready\ndatabase (echo.Echo): failed since 20"),
        "{page}"
    );
    assert!(page.ends_with("Z: the database is gone\n"), "{page}");

    dial.set(PASS);
    assert_eq!(watch.next().await, Serving);
}

#[tokio::test]
async fn a_check_of_the_server_takes_out_everything_and_not_its_life() {
    let (check, dial) = check("disk", Scope::Server);
    let running = serve(&quick(), vec![check]);
    let management = running.management();
    let page = ready_says(&management, "\r\n\r\nready\ndisk (server): ok since 20").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    becomes(
        &management,
        "nautil_health_check{check=\"disk\"}",
        |passes| passes == 1.0,
    )
    .await;

    dial.set(FAIL);
    for service in ["", "echo.Echo"] {
        Watch::of(&management, service)
            .await
            .until(NotServing)
            .await;
    }
    let page = http1(&management, "GET /readyz").await;
    assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    assert!(
        page.contains("\r\n\r\nnot ready: a check that speaks for the server has not passed\ndisk (server): failed since 20"),
        "{page}"
    );
    becomes(
        &management,
        "nautil_health_check{check=\"disk\"}",
        |passes| passes == 0.0,
    )
    .await;
    let page = http1(&management, "GET /livez").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.ends_with("\r\n\r\nalive\n"), "{page}");
}

#[tokio::test]
async fn a_check_that_panics_or_hangs_has_failed_and_says_so() {
    let mut config = quick();
    config.health.timeout = Duration::from_millis(50);
    let (panicking, dial) = check("panics", Scope::Server);
    let (hanging, other) = check("hangs", Scope::Services(&["echo.Echo"]));
    let running = serve(&config, vec![panicking, hanging]);
    let management = running.management();
    dial.set(PANIC);
    ready_says(&management, "Z: it panicked: as asked\n").await;
    // The panic ended neither this check nor the other one.
    other.set(HANG);
    let late = "Z: no answer within 50ms (`server.health.timeout`)\n";
    ready_says(&management, late).await;
    dial.set(PASS);
    other.set(PASS);
    ready_says(&management, "hangs (echo.Echo): ok since ").await;
    ready_says(&management, "panics (server): ok since ").await;
}

#[tokio::test]
async fn a_check_that_blocks_has_failed_and_is_not_started_again_until_it_is_back() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let runs = Arc::new(AtomicUsize::new(0));
    let (own, counted) = (Arc::clone(&gate), Arc::clone(&runs));
    let blocking = Check::new("blocks", Scope::Server, move || {
        let (own, counted) = (Arc::clone(&own), Arc::clone(&counted));
        async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let (is_open, changed) = &*own;
            let is_open = is_open.lock().unwrap();
            drop(changed.wait_while(is_open, |is_open| !*is_open).unwrap());
            Ok(())
        }
    });
    let (passing, _dial) = check("passes", Scope::Services(&["echo.Echo"]));
    let mut config = quick();
    config.health.timeout = Duration::from_millis(50);
    let running = serve(&config, vec![blocking, passing]);
    let management = running.management();
    let page = ready_says(&management, "blocks (server): failed since ").await;
    assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    // The other one goes on.
    ready_says(&management, "passes (echo.Echo): ok since ").await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);

    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    ready_says(&management, "blocks (server): ok since ").await;
}

#[tokio::test]
async fn a_failure_is_told_within_two_seconds_with_the_defaults() {
    let mut config = quick();
    config.health = ServerConfig::default().health;
    let (check, dial) = check("database", Scope::Server);
    let running = serve(&config, vec![check]);
    let mut watch = Watch::of(&running.address, "").await;
    watch.until(Serving).await;
    // The worst that a check can do: it is late.
    dial.set(HANG);
    let start = Instant::now();
    assert_eq!(watch.next().await, NotServing);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_check_that_comes_and_goes_is_down_until_it_has_passed_often_enough() {
    let mut config = quick();
    config.health.success_threshold = 3.try_into().unwrap();
    let (runs, is_steady) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (counted, asked) = (Arc::clone(&runs), Arc::clone(&is_steady));
    // Fails each third time, as long as it is not steady.
    let flapping = Check::new("flaps", Scope::Server, move || {
        let run = counted.fetch_add(1, Ordering::SeqCst);
        let fails = run % 3 == 0 && !asked.load(Ordering::SeqCst);
        async move { if fails { Err("again".into()) } else { Ok(()) } }
    });
    let running = serve(&config, vec![flapping]);
    let management = running.management();
    // It has failed once: a server that starts is not serving either.
    ready_says(&management, "flaps (server): failed since ").await;
    let mut watch = Watch::of(&management, "").await;
    assert_eq!(watch.next().await, NotServing);
    let then = runs.load(Ordering::SeqCst);
    while runs.load(Ordering::SeqCst) < then + 12 {
        let page = http1(&management, "GET /readyz").await;
        assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    }
    // Two successes between failures were heard by nobody.
    assert!(watch.0.next().now_or_never().is_none());

    is_steady.store(true, Ordering::SeqCst);
    assert_eq!(watch.next().await, Serving);
}

#[tokio::test]
async fn a_drain_ends_every_watch_whatever_the_checks_say() {
    let (check, dial) = check("database", Scope::Server);
    dial.set(FAIL);
    let running = serve(&quick(), vec![check]);
    let management = running.management();
    ready_says(&management, "database (server): failed since ").await;
    let mut watch = Watch::of(&management, "").await;
    assert_eq!(watch.next().await, NotServing);
    let mut client = running.client().await;
    let call = tokio::spawn(async move { unary(&mut client, "wait").await });
    in_time(running.echo.entered.notified()).await;

    running.stop.cancel();
    assert_eq!(watch.next().await, NotServing);
    assert!(in_time(watch.0.next()).await.is_none());
    let page = ready_says(&management, "not ready: the server is draining\n").await;
    assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    let page = http1(&management, "GET /livez").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    running.echo.release.notify_one();
    assert_eq!(in_time(call).await.unwrap().unwrap(), "wait");
    assert!(running.stopped().await.is_clean());
}

#[tokio::test]
async fn a_check_of_a_service_that_is_not_served_is_refused() {
    let (check, _dial) = check("gold", Scope::Services(&["echo.Gold"]));
    let config = quick();
    let echo = Arc::new(Echo::default());
    let routes = routes(&config, &echo);
    let server = Server::bind(&config).unwrap().checks([check]);
    assert_eq!(
        server.start(routes).await.unwrap_err().to_string(),
        "health check `gold` speaks for the service `echo.Gold`, which is not served"
    );
}
