//! The units: does systemd read every line, does the application take what they give it, and does it serve on a socket that
//! systemd's own tool holds?

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::source;
use crate::support::{HOST, Process, Project, Ran, Server, skipped};

/// What `systemd-analyze security` may find at the most, of 10: "OK" is what it says below 4.
const EXPOSURE: &str = "1.5";

fn installed(tool: &str, test: &str) -> bool {
    let ran = Command::new(tool).arg("--version").output();
    let is_missing = ran.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing {
        skipped(
            test,
            format_args!("there is no {tool}; .ci/setup/systemd installs it"),
        );
    }
    !is_missing
}

/// A unit by the end of its name.
fn unit(kind: &str) -> String {
    source::read(&format!("deployment/systemd/currency-rate.{kind}"))
}

/// The units in a directory, with the program where it is here.
fn units(project: &Project, service: &str) {
    let program = env!("CARGO_BIN_EXE_app");
    let service = service.replace("/usr/local/bin/currency-rate", program);
    project.write("units/currency-rate.service", &service);
    project.write("units/currency-rate.socket", &unit("socket"));
}

/// Every value of a key.
fn values<'unit>(unit: &'unit str, key: &str) -> Vec<&'unit str> {
    let lines = unit.lines();
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

/// The one value of a key.
fn value<'unit>(unit: &'unit str, key: &str) -> &'unit str {
    let found = values(unit, key);
    assert_eq!(found.len(), 1, "{key}");
    found[0]
}

/// The variables that the service is started with.
fn variables(service: &str) -> BTreeMap<&str, &str> {
    let lines = values(service, "Environment").into_iter();
    lines.map(|line| line.split_once('=').unwrap()).collect()
}

fn seconds(text: &str) -> u64 {
    let text = text.trim_matches('"');
    match text.strip_suffix('m') {
        Some(minutes) => 60 * minutes.parse::<u64>().unwrap(),
        None => text.strip_suffix('s').unwrap().parse().unwrap(),
    }
}

fn analyze(project: &Project, service: &str, arguments: &[&str]) -> Ran {
    units(project, service);
    let mut command = Command::new("systemd-analyze");
    command
        .args(arguments)
        .arg("./currency-rate.service")
        .current_dir(project.path("units"));
    Process::start(&mut command).end()
}

/// The effective configuration of the service.
fn shown(variables: &BTreeMap<&str, &str>) -> Ran {
    let project = Project::new();
    project.remove(".env");
    let mut command = project.app(["--no-ansi", "config:show"]);
    Process::start(command.envs(variables)).end()
}

#[test]
fn systemd_knows_every_line_of_the_units() {
    if !installed("systemd-analyze", "systemd_knows_every_line_of_the_units") {
        return;
    }
    let project = Project::new();
    // A line that it does not know is a warning, and passed over.
    let verify = |service: &str| analyze(&project, service, &["verify", "./currency-rate.socket"]);
    let ran = verify(&unit("service")).with_code(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = verify(&unit("service").replace("WatchdogSec=", "WatchdogSecs="));
    assert!(ran.err.contains("WatchdogSecs"), "{ran}");
}

#[test]
fn the_service_may_do_little() {
    if !installed("systemd-analyze", "the_service_may_do_little") {
        return;
    }
    let project = Project::new();
    let threshold = format!("--threshold={}", EXPOSURE.replace('.', ""));
    let security = ["security", "--offline=true", "--no-pager", &threshold];
    analyze(&project, &unit("service"), &security).with_code(0);
    let loose = unit("service").replace("ProtectSystem=strict", "");
    let loose = loose.replace("CapabilityBoundingSet=", "");
    analyze(&project, &loose, &security).with_code(1);
}

#[test]
fn the_units_give_the_application_what_it_knows_and_the_time_it_takes() {
    let (service, socket) = (unit("service"), unit("socket"));
    let ran = shown(&variables(&service)).with_code(0);
    let setting = |key: &str| {
        let line = ran.out.lines().find(|line| line.starts_with(key));
        let words = line.unwrap_or_else(|| panic!("{key}: {ran}"));
        words.split_whitespace().nth(1).unwrap().to_owned()
    };
    let stop =
        seconds(&setting("server.drain_timeout")) + seconds(&setting("app.shutdown_timeout"));
    assert!(seconds(value(&service, "TimeoutStopSec")) >= stop + 5);
    let start = seconds(&setting("app.boot_timeout"));
    assert!(seconds(value(&service, "TimeoutStartSec")) >= start + 5);
    let connections: u64 = setting("server.limits.max_connections").parse().unwrap();
    let files: u64 = value(&service, "LimitNOFILE").parse().unwrap();
    assert!(files >= 2 * connections, "{files}");

    // The port is the one that clients know by the configuration.
    let listen = setting("server.listen");
    let port = listen.trim_matches('"').rsplit(':').next().unwrap();
    assert_eq!(value(&socket, "ListenStream"), port);
    assert_eq!(value(&socket, "Accept"), "no");
    assert_eq!(value(&service, "Type"), "notify");
    seconds(value(&service, "WatchdogSec"));

    // A variable that nothing reads would be found.
    let mut variables = variables(&service);
    variables.insert("APP_SERVER__MANAGMENT__LISTEN", "127.0.0.1:9002");
    shown(&variables).with_code(1);
}

/// The system calls of a group such as `@system-service`, as this systemd has it.
fn system_calls(group: &str) -> BTreeSet<String> {
    let mut command = Command::new("systemd-analyze");
    command.args(["--no-pager", "syscall-filter", group]);
    let ran = Process::start(&mut command).end().with_code(0);
    let lines = ran.out.lines().filter(|line| line.starts_with(' '));
    let names = lines.map(str::trim).filter(|line| !line.starts_with('#'));
    names
        .flat_map(|name| match name.strip_prefix('@') {
            Some(_) => system_calls(name),
            None => BTreeSet::from([name.to_owned()]),
        })
        .collect()
}

#[test]
fn the_server_makes_no_system_call_that_the_service_may_not() {
    let test = "the_server_makes_no_system_call_that_the_service_may_not";
    if !installed("systemd-analyze", test) || !installed("strace", test) {
        return;
    }
    let mut probe = Command::new("strace");
    let ran = Process::start(probe.args(["--output=/dev/null", "true"])).end();
    if ran.code != Some(0) {
        return skipped(
            test,
            format_args!("strace may not trace here: {}", ran.err.trim()),
        );
    }
    let service = unit("service");
    let mut allowed = BTreeSet::new();
    for filter in values(&service, "SystemCallFilter") {
        match filter.strip_prefix('~') {
            None => allowed.extend(filter.split(' ').flat_map(system_calls)),
            Some(denied) => {
                for name in denied.split(' ').flat_map(system_calls) {
                    allowed.remove(&name);
                }
            }
        }
    }
    assert!(allowed.len() > 100 && !allowed.contains("mount"));

    let project = Project::new();
    let trace = project.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["--follow-forks", "--quiet=all", "--output"])
        .arg(&trace)
        .args([env!("CARGO_BIN_EXE_app"), "serve"])
        .current_dir(project.path("."))
        .envs(variables(&service))
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("APP_SERVER__MANAGEMENT__LISTEN", "127.0.0.1:0");
    let server = Server::start(&mut command);
    let ask = ["grpc:get-currency-rate", "TRYUSD"];
    project.ask(&server, ask).with_code(0);
    // It is the child that serves; each line begins with the number of a thread, the first with that of the process.
    let text = fs::read_to_string(&trace).unwrap();
    let child: i32 = text.split(' ').next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(child).unwrap(), Signal::TERM).unwrap();
    let ran = server.process.end().with_code(0);
    assert!(ran.out.ends_with("every call was finished\n"), "{ran}");

    let text = fs::read_to_string(&trace).unwrap();
    let made: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| {
            let (_, call) = line.split_once(' ')?;
            let (name, _) = call.trim_start().split_once('(')?;
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            (!name.is_empty() && name.chars().all(is_name)).then_some(name)
        })
        .collect();
    assert!(made.contains("accept4") && made.len() > 20, "{made:?}");
    let denied: Vec<_> = made
        .iter()
        .filter(|name| !allowed.contains(**name))
        .collect();
    assert!(
        denied.is_empty(),
        "SystemCallFilter keeps the server from {denied:?}"
    );
}

/// systemd's tool holds the socket, starts the service at the first connection, and hands it over.
#[test]
fn the_server_serves_on_the_socket_of_systemd() {
    let test = "the_server_serves_on_the_socket_of_systemd";
    if !installed("systemd-socket-activate", test) {
        return;
    }
    let project = Project::new();
    let path = project.path("app.sock");
    let notify = project.path("notify");
    let manager = UnixDatagram::bind(&notify).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let hears = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).expect("a message in time");
        String::from_utf8_lossy(&message[..length])
            .trim()
            .to_owned()
    };

    let mut command = Command::new("systemd-socket-activate");
    // A Unix socket, because a port would have to be guessed.
    command.arg("--listen").arg(&path);
    let service = unit("service");
    let mut variables: BTreeMap<_, _> = variables(&service)
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    variables.insert("APP_SERVER__MANAGEMENT__LISTEN", "127.0.0.1:0".to_owned());
    variables.insert("NOTIFY_SOCKET", notify.display().to_string());
    variables.insert("WATCHDOG_USEC", "200000".to_owned());
    for (name, value) in variables {
        command.arg(format!("--setenv={name}={value}"));
    }
    command
        .args([env!("CARGO_BIN_EXE_app"), "serve"])
        .current_dir(project.path("."));
    let mut server = Process::start(&mut command);
    server.logs("Listening on ");

    // Two connections: the first starts the server, and waits until it is there.
    for _ in 0..2 {
        let mut ask = project.app(["grpc:get-currency-rate", "TRYUSD"]);
        ask.env(HOST, format!("unix:{}", path.display()));
        let ran = Process::start(&mut ask).end().with_code(0);
        assert!(ran.out.starts_with("TRYUSD: 7"), "{ran}");
    }
    assert_eq!(
        server.says("listening on"),
        format!("listening on unix:{}", path.display())
    );
    assert_eq!(hears(), "READY=1");
    assert_eq!(hears(), "WATCHDOG=1");
    assert_eq!(hears(), "WATCHDOG=1");

    server.signal(Signal::TERM);
    while hears() != "STOPPING=1" {}
    let ran = server.end().with_code(0);
    assert!(ran.out.ends_with("every call was finished\n"), "{ran}");
}
