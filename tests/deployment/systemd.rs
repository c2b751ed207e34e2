//! The units: does systemd read every line, does the application take what they give it, and does it serve on a socket that
//! systemd's own tool holds?

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::source;
use crate::support::{HOST, Process, Project, Ran, skipped};

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
