//! What the server's log tells a developer about a call.

use crate::support::{Project, Server};

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
