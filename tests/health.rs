//! Whether a probe, which is `app health`, learns if the server serves, and why not where it does not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use rustix::process::Signal;

use crate::support::{Process, Project, Ran, Server, in_time};
use crate::wire::{OK, Wire};

fn health(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = project.app(["health"]);
    command.args(arguments).envs(variables.iter().copied());
    Process::start(&mut command).end()
}

#[track_caller]
fn is_serving(ran: Ran) {
    let expected = Ran {
        code: Some(0),
        out: "SERVING\n".to_owned(),
        err: String::new(),
    };
    assert_eq!(ran, expected);
}

/// Insists on one line of complaint, and returns it.
#[track_caller]
fn refused(ran: Ran) -> String {
    let ran = ran.with_code(1);
    assert_eq!(ran.out, "", "{ran}");
    let mut lines = ran.err.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "{ran}");
    line.strip_prefix("error: ").unwrap().to_owned()
}

#[test]
fn a_server_that_serves_is_found_by_its_own_config() {
    let project = Project::new();
    let server = project.serve();
    let here = server.address.to_string();
    let everywhere = format!("0.0.0.0:{}", server.address.port());
    for listen in [&here, &everywhere] {
        is_serving(health(&project, &[], &[("APP_SERVER__LISTEN", listen)]));
    }
    is_serving(health(&project, &["--address", &here], &[]));
    let service = [
        "--address",
        &here,
        "--service",
        "currency.CurrencyRateService",
    ];
    is_serving(health(&project, &service, &[]));
}

#[test]
fn a_server_on_a_unix_socket_is_found() {
    let project = Project::new();
    let variables = [("APP_SERVER__LISTEN", "unix:app.sock")];
    let mut server = Process::start(project.app(["serve"]).envs(variables));
    server.says("listening on unix:app.sock");
    is_serving(health(&project, &[], &variables));

    drop(server);
    assert_eq!(
        refused(health(&project, &[], &variables)),
        "unix:app.sock (server.listen) cannot be reached: UNAVAILABLE: connection refused; is the server running?"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_management_port_is_asked_where_there_is_one_and_tells_of_the_drain() {
    let project = Project::new();
    let mut server = Server::start(
        project
            .app(["serve"])
            .env("APP_SERVER__LISTEN", "127.0.0.1:0")
            .env("APP_SERVER__MANAGEMENT__LISTEN", "127.0.0.1:0"),
    );
    let line = server.process.says("management on ");
    let management = line.strip_prefix("management on ").unwrap();
    // Once it accepts, it serves.
    let mut wire = Wire::connect(server.address).await;
    let call = wire.open("/currency.CurrencyRateService/GetRate").await;
    let known = wire.call("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(known.code, OK);
    let variables = [
        ("APP_SERVER__LISTEN", "127.0.0.1:0"),
        ("APP_SERVER__MANAGEMENT__LISTEN", management),
    ];
    is_serving(health(&project, &[], &variables));

    server.process.signal(Signal::TERM);
    server.process.logs("draining");
    assert_eq!(
        refused(health(&project, &[], &variables)),
        format!(
            "{management} (server.management.listen) is NOT_SERVING: \
             it starts, one of its health checks fails (`/readyz` on its management port says which), or it \
             finishes its last calls before it stops"
        )
    );
    let answer = in_time(call.finish(b"\x0a\x06TRYUSD")).await;
    assert_eq!(answer.code, OK);
    server.process.end().with_code(0);
    assert_eq!(
        refused(health(&project, &[], &variables)),
        format!(
            "{management} (server.management.listen) cannot be reached: UNAVAILABLE: connection refused; \
             is the server running?"
        )
    );
}

#[test]
fn a_service_that_is_not_served_is_named() {
    let project = Project::new();
    let server = project.serve();
    let address = server.address.to_string();
    let arguments = [
        "--address",
        &address,
        "--service",
        "currency.GoldRateService",
    ];
    assert_eq!(
        refused(health(&project, &arguments, &[])),
        format!(
            "{address} (--address) does not know the service `currency.GoldRateService` (SERVICE_UNKNOWN); \
             `grpc:services` lists those that it should"
        )
    );
}

#[test]
fn a_server_that_is_gone_cannot_be_reached() {
    let project = Project::new();
    let Server { process, address } = project.serve();
    drop(process);
    let listen = address.to_string();
    assert_eq!(
        refused(health(&project, &[], &[("APP_SERVER__LISTEN", &listen)])),
        format!(
            "{address} (server.listen) cannot be reached: UNAVAILABLE: connection refused; is the server running?"
        )
    );
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let project = Project::new();
    // The system accepts for it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let arguments = ["--address", &address, "--timeout", "200ms"];
    assert_eq!(
        refused(health(&project, &arguments, &[])),
        format!(
            "{address} (--address) did not answer within 200ms: is a handler blocking it, or is --timeout too short?"
        )
    );
}

#[test]
fn a_server_of_another_kind_is_told_apart() {
    let project = Project::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let answering = thread::spawn(move || {
        let (mut socket, _) = other.accept().unwrap();
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        // Until the prober is gone: a reset would take the answer with it.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    // Whether its answer or its silence is noticed first is up to the wire.
    let said = refused(health(&project, &["--address", &address], &[]));
    assert!(
        said.starts_with(&format!("{address} (--address) ")),
        "{said}"
    );
    assert!(said.contains("gRPC server"), "{said}");
    answering.join().unwrap();
}

#[test]
fn a_port_that_nobody_knows_is_asked_for() {
    let ran = health(
        &Project::new(),
        &[],
        &[("APP_SERVER__LISTEN", "127.0.0.1:0")],
    );
    assert_eq!(
        refused(ran),
        "127.0.0.1:0 (server.listen) leaves the port to the system: name the one that it took with --address"
    );
}

#[test]
fn what_is_no_address_and_no_time_is_refused() {
    let project = Project::new();
    for (arguments, expected) in [
        (
            ["--address", "nowhere"],
            "`nowhere` is no address to listen on",
        ),
        (
            ["--timeout", "3"],
            "expected a duration with its unit, such as 3s or 500ms",
        ),
        (
            ["--timeout", "292277024627y"],
            "expected a duration of at most 100y",
        ),
        (
            ["--timeout", "0s"],
            "expected a duration with its unit, such as 3s or 500ms",
        ),
    ] {
        let ran = health(&project, &arguments, &[]).with_code(2);
        assert!(ran.err.contains(expected), "{ran}");
    }
}
