//! Metrics of an application's own: what is exposed, and which declarations cannot stand.

use std::sync::Arc;
use std::thread;

use nautil_grpc::metrics::{Error, Metrics};
use nautil_grpc::server::Server;

use crate::echo::Echo;
use crate::fixture::{config, routes, start_server};
use crate::management::metrics as shown;

#[tokio::test]
async fn what_is_recorded_on_any_thread_is_shown_beside_the_framework() {
    let metrics = Metrics::default();
    let fetched = metrics.counter("rates_fetched", "Rates that were fetched", &["source"]);
    let fetched = fetched.unwrap();
    let pairs = metrics
        .gauge("rates_pairs", "Pairs that have a rate.", &[])
        .unwrap();
    let help = "Time that a \"fetch\" took";
    let took = metrics
        .histogram("rates_fetch_seconds", help, &["source"], &[0.1, 1.0])
        .unwrap();
    metrics
        .counter("rates_missed", "Rates that were asked for in vain", &[])
        .unwrap();

    let mut config = config();
    config.management.listen = Some("127.0.0.1:0".parse().unwrap());
    let echo = Arc::new(Echo::default());
    let routes = routes(&config, &echo);
    let server = Server::bind(&config).unwrap().metrics(metrics);
    let running = start_server(server, routes, echo);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let fetched = fetched.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    fetched.with(["ec\"b"]).inc();
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    pairs.set(12.5);
    took.with(["ecb"]).observe(0.5);

    let lines = shown(&running.management()).await;
    for line in [
        "# HELP rates_fetched Rates that were fetched.",
        "# TYPE rates_fetched counter",
        "rates_fetched_total{source=\"ec\\\"b\"} 400",
        "# HELP rates_pairs Pairs that have a rate.",
        "# TYPE rates_pairs gauge",
        "rates_pairs 12.5",
        "# HELP rates_fetch_seconds Time that a \\\"fetch\\\" took.",
        "rates_fetch_seconds_bucket{le=\"0.1\",source=\"ecb\"} 0",
        "rates_fetch_seconds_bucket{le=\"1.0\",source=\"ecb\"} 1",
        "rates_fetch_seconds_count{source=\"ecb\"} 1",
        "rates_missed_total 0",
        "nautil_connections{worker=\"1\"} 0",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line}\n{lines:#?}"
        );
    }
    assert_eq!(lines.last().unwrap(), "# EOF");
    assert_eq!(lines.iter().filter(|line| *line == "# EOF").count(), 1);
}

#[test]
fn a_name_is_that_of_one_metric() {
    let metrics = Metrics::default();
    let first = metrics
        .counter("rates_fetched", "Rates", &["source"])
        .unwrap();
    let again = metrics
        .clone()
        .counter("rates_fetched", "Rates", &["source"])
        .unwrap();
    again.with(["ecb"]).inc();
    assert_eq!(first.with(["ecb"]).get(), 1);

    let known = "metric `rates_fetched` cannot be declared: it is declared already as a counter by `source` (\"Rates\"); here it is ";
    for (error, second) in [
        (
            said(metrics.counter("rates_fetched", "Rates", &["from"])),
            "a counter by `from` (\"Rates\")",
        ),
        (
            said(metrics.counter("rates_fetched", "Rates", &[])),
            "a counter without labels (\"Rates\")",
        ),
        (
            said(metrics.counter("rates_fetched", "Others", &["source"])),
            "a counter by `source` (\"Others\")",
        ),
        (
            said(metrics.gauge("rates_fetched", "Rates", &["source"])),
            "a gauge by `source` (\"Rates\")",
        ),
    ] {
        assert_eq!(error, format!("{known}{second}"));
    }

    metrics.histogram("rates", "Rates", &[], &[1.0]).unwrap();
    assert!(metrics.histogram("rates", "Rates", &[], &[1.0]).is_ok());
    assert!(
        said(metrics.histogram("rates", "Rates", &[], &[2.0])).contains("with the bounds [2.0]")
    );
    assert_eq!(
        said(metrics.gauge("rates_count", "How many", &[])),
        "metric `rates_count` cannot be declared: it would be exposed as `rates_count`, as metric `rates` is already"
    );
}

#[test]
fn a_declaration_that_open_metrics_does_not_allow_says_what_is_wrong() {
    let metrics = Metrics::default();
    let pattern = "a name begins with a letter or `_` and goes on with letters, digits and `_`, such as `rates_fetched`";
    for (name, fault) in [
        ("", pattern),
        ("9rates", pattern),
        ("rates-fetched", pattern),
        ("rates:fetched", pattern),
        ("raten_\u{fc}ber", pattern),
        (
            "nautil_rates",
            "names that begin with `nautil_` are the framework's; begin with the name of the feature",
        ),
        (
            "process_rates",
            "names that begin with `process_` are the framework's; begin with the name of the feature",
        ),
        (
            "rates_total",
            "`_total` is put behind names where it belongs; leave it out: `rates`",
        ),
        (
            "rates_bucket",
            "`_bucket` is put behind names where it belongs; leave it out: `rates`",
        ),
    ] {
        assert_eq!(
            said(metrics.counter(name, "Rates", &[])),
            format!("metric `{name}` cannot be declared: {fault}")
        );
    }
    for (labels, fault) in [
        (["a", "a"], "label `a` is there twice"),
        (
            ["a", "__b"],
            "label `__b`: a label begins with a letter or `_`, not with two, and goes on with letters, digits and `_`",
        ),
        (
            ["a", "b-c"],
            "label `b-c`: a label begins with a letter or `_`, not with two, and goes on with letters, digits and `_`",
        ),
        (
            ["a", "le"],
            "label `le` is a histogram's own; take another name",
        ),
    ] {
        assert_eq!(
            said(metrics.gauge("rates", "Rates", &labels)),
            format!("metric `rates` cannot be declared: {fault}")
        );
    }
    assert_eq!(
        said(metrics.gauge("rates", " ", &[])),
        "metric `rates` cannot be declared: say in its help what it counts"
    );
    for bounds in [
        &[][..],
        &[2.0, 1.0],
        &[1.0, 1.0],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
    ] {
        assert_eq!(
            said(metrics.histogram("rates", "Rates", &[], bounds)),
            "metric `rates` cannot be declared: its bounds must be finite numbers, at least one, each above the one before it"
        );
    }
}

#[track_caller]
fn said<T>(declared: Result<T, Error>) -> String {
    declared.err().unwrap().to_string()
}
