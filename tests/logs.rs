//! What the server's log tells a developer about a call.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, Server, in_time};
use crate::wire::{OK, Wire};

/// Serves with the spans of the calls, in a format, and answers one call.
fn log_of_a_call(format: &str) -> String {
    let project = Project::new();
    let mut command = project.app(["serve", "--set", "telemetry.filter=info,nautil::call=debug"]);
    command
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("APP_TELEMETRY__FORMAT", format);
    let server = Server::start(&mut command);
    let asked = project.ask(&server, ["grpc:get-currency-rate", "TRYUSD"]);
    asked.with_code(0);
    server.process.signal(rustix::process::Signal::TERM);
    server.process.end().with_code(0).err
}

#[test]
fn the_pretty_log_has_each_call_with_its_time() {
    let log = log_of_a_call("pretty");
    let mut lines = log
        .lines()
        .skip_while(|line| !line.contains("nautil::call"));
    let ended = lines.next().unwrap_or_default();
    assert!(ended.contains("close, time.busy: "), "{log}");
    let span = lines.nth(1).unwrap_or_default().trim();
    assert_eq!(
        span,
        r#"in nautil::call::call with service: "currency.CurrencyRateService", method: "GetRate""#,
        "{log}"
    );
}

#[test]
fn the_other_logs_have_a_line_only_where_somebody_wrote_one() {
    for format in ["text", "json"] {
        let log = log_of_a_call(format);
        assert!(log.contains("drained"), "{log}");
        assert!(!log.contains("nautil::call"), "{log}");
    }
}

/// More log lines than any pipe, and any queue of them, takes.
const MANY: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_who_stops_reading_holds_nobody_up() {
    for verbosity in [&["-vv"][..], &[]] {
        let project = Project::new();
        let (unread, log) = std::io::pipe().unwrap();
        let mut command = project.app([&["serve"], verbosity].concat());
        command
            .env("APP_SERVER__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.strip_prefix("listening on ").unwrap().parse().unwrap();

        let mut wire = in_time(Wire::connect(address)).await;
        let calls = if verbosity.is_empty() { 10 } else { MANY / 10 };
        for _ in 0..calls {
            let health = in_time(wire.call("/grpc.health.v1.Health/Check", b"")).await;
            assert_eq!(health.code, OK);
        }

        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
        let status = in_time(ended).await.unwrap();
        assert_eq!(status.code(), Some(0), "{verbosity:?}");
        drop(unread);
    }
}
