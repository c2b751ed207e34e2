//! The server and the console together, as `docker-compose.yml` has them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::engine::{Engine, Stack};
use crate::support::{HOST, Process, Project, in_time};
use crate::wire::{OK, Wire};

const CALL: [&str; 5] = ["exec", "--no-TTY", "cli", "app", "grpc:get-currency-rate"];

/// Calls of the console per server, until one that gets none is none by chance: three times (2/3)^60.
const PATIENCE: usize = 60;

#[track_caller]
fn is_a_rate(said: &str) {
    let rate = said
        .strip_prefix("TRYUSD: ")
        .and_then(|rest| rest.strip_suffix(".00\n"));
    let whole: u32 = rate
        .and_then(|whole| whole.parse().ok())
        .unwrap_or_default();
    assert!((70..=75).contains(&whole), "{said}");
}

/// A line such as `CapEff:\t0000000000000000` of `/proc/1/status`.
fn status<'status>(text: &'status str, name: &str) -> Vec<&'status str> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().split_whitespace().collect()
}

#[test]
fn the_console_calls_the_server_and_everything_reads_well() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine).up(&[]);

    let called = stack.run(&[&CALL[..], &["TRYUSD"]].concat()).with_code(0);
    is_a_rate(&called.out);
    assert_eq!(called.err, "");

    let shown = ["ps", "--format", "{{.Service}} {{.State}} {{.Health}}"];
    assert_eq!(
        stack.run(&shown).with_code(0).out,
        "cli running \nserver running healthy\n"
    );
    assert!(stack.run(&["ps"]).with_code(0).out.contains("(healthy)"));
    assert_eq!(
        stack.run(&["logs", "server"]).with_code(0).out,
        "server-1  | listening on 0.0.0.0:9001\n"
    );
    assert_eq!(
        stack.run(&["logs", "cli"]).with_code(0).out,
        "cli-1  | ready for commands\n"
    );

    let published = stack.address("server", 1, 9001);
    let project = Project::new();
    let mut command = project.app(["grpc:get-currency-rate", "TRYUSD"]);
    let called = Process::start(command.env(HOST, published.to_string())).end();
    is_a_rate(&called.with_code(0).out);
}

#[test]
fn a_container_may_do_nothing_that_its_application_does_not() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine).up(&[]);
    for service in ["server", "cli"] {
        // There is nothing in the container that could show a file, so somebody else looks at its process.
        let container = format!("container:{}", stack.inspect(service, "{{.Id}}"));
        let base = super::engine::base();
        let look = [
            "run",
            "--rm",
            "--pid",
            &container,
            &base,
            "cat",
            "/proc/1/status",
        ];
        let text = engine.run(look).with_code(0).out;
        assert_eq!(status(&text, "Name"), ["app"]);
        assert_eq!(status(&text, "Uid"), ["1000"; 4]);
        assert_eq!(status(&text, "Gid"), ["1000"; 4]);
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status(&text, set), ["0000000000000000"], "{service}: {set}");
        }
        assert_eq!(status(&text, "NoNewPrivs"), ["1"]);

        let write = [
            "exec",
            "--no-TTY",
            service,
            "app",
            "serve",
            "--set",
            "server.listen=unix:/app/socket",
        ];
        let refused = stack.run(&write).with_code(1);
        assert!(refused.err.contains("Read-only file system"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_stopped_finishes_its_calls_and_ends_well() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine).up(&[]);
    let mut wire = Wire::connect(stack.address("server", 1, 9001)).await;
    let call = wire.open("/currency.CurrencyRateService/GetRate").await;
    // Known to the server, because a later call of the same connection is answered.
    let later = wire.call("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(later.code, OK);

    let mut logs = Process::start(&mut stack.command(&["logs", "--follow", "server"]));
    let stop = Process::start(&mut stack.command(&["stop", "server"]));
    logs.says("draining");
    assert_eq!(in_time(call.finish(b"\x0a\x06TRYUSD")).await.code, OK);

    stop.end().with_code(0);
    let logs = logs.end().with_code(0);
    for line in ["SIGTERM: stopping", "drained", "every call was finished"] {
        assert!(logs.out.contains(line), "{logs}");
    }
    stack.run(&["stop"]).with_code(0);
    for service in ["server", "cli"] {
        assert_eq!(
            stack.inspect(service, "{{.State.ExitCode}}"),
            "0",
            "{service}"
        );
    }
}

#[test]
fn calls_of_the_console_reach_every_server() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine)
        .with("tests/deployment/docker/observed.yml")
        .up(&["--scale", "server=3"]);
    let servers = [1, 2, 3].map(|index| stack.address("server", index, 9002));

    let mut called = 0;
    while servers.iter().any(|&server| calls(server) == 0) && called < PATIENCE {
        let ran = stack.run(&[&CALL[..], &["TRYUSD"]].concat()).with_code(0);
        is_a_rate(&ran.out);
        called += 1;
    }

    let counted = servers.map(calls);
    assert!(
        counted.iter().all(|&calls| calls > 0),
        "{counted:?} of {called}"
    );
    assert_eq!(counted.iter().sum::<usize>(), called, "{counted:?}");
}

/// The rates that a server says it has given.
fn calls(server: SocketAddr) -> usize {
    let mut socket = TcpStream::connect(server).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let counted = answer.lines().find_map(|line| {
        let (name, count) = line.rsplit_once(' ')?;
        let is_asked = name.starts_with("nautil_calls_total{")
            && name.contains("method=\"GetRate\"")
            && name.contains("code=\"OK\"");
        is_asked.then(|| count.parse().unwrap())
    });
    counted.unwrap_or_else(|| panic!("no calls are counted:\n{answer}"))
}
