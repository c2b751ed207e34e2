//! nginx before three servers, under load: the files of `deployment/nginx` with the ports of a test, in a directory of its own.
//!
//! Each server draws one rate only, so an answer says who gave it.

mod load;

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use command_fds::{CommandFdExt, FdMapping};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::Signal;
use tonic::Code;
use tonic::client::Grpc;
use tonic::transport::Endpoint;

use self::load::{CALLERS, Load, call, sorted};
use crate::disk::copy;
use crate::source;
use crate::support::{HOST, Process, Project, ROOT, Server, in_time, skipped};

/// Where the package puts it; not every user has this directory in `PATH`.
const NGINX: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

fn installed(test: &str) -> Option<&'static str> {
    let found = NGINX.into_iter().find(|program| {
        let ran = Command::new(program).arg("-v").output();
        !ran.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    });
    if found.is_none() {
        skipped(test, "there is no nginx; .ci/setup/nginx installs it");
    }
    found
}

/// A server whose rates are all the same.
fn serve(project: &Project, listen: &str, rate: u32) -> Server {
    let mut command = project.app(["serve"]);
    command
        .env("APP_SERVER__LISTEN", listen)
        .env("APP_RATES__LOWEST", rate.to_string())
        .env("APP_RATES__HIGHEST", rate.to_string());
    Server::start(&mut command)
}

/// Three servers, with the rates 71 to 73. Each is on an address of its own: who connects to a server that is gone cannot be given
/// its port by chance, and find itself.
fn three(project: &Project) -> Vec<Server> {
    let servers = [71, 72, 73].map(|rate| serve(project, &format!("127.0.0.{rate}:0"), rate));
    servers.into()
}

fn addresses(servers: &[Server]) -> Vec<SocketAddr> {
    servers.iter().map(|server| server.address).collect()
}

/// nginx, as its files say, but where this test is.
struct Proxy {
    /// There until it is stopped.
    process: Option<Process>,
    address: SocketAddr,
}

impl Proxy {
    fn start(program: &str, project: &Project, listen: &str, servers: &[SocketAddr]) -> Self {
        copy(
            &Path::new(ROOT).join("deployment/nginx"),
            &project.path("nginx"),
        );
        // The socket is made here and handed over, as nginx hands its own to its successor, so no port is guessed, and who connects
        // early waits.
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();

        let file = source::read(&format!("deployment/nginx/{listen}"));
        let line = file.lines().find_map(|line| line.strip_prefix("listen "));
        let port = line.unwrap().split(' ').next().unwrap();
        project.write(
            "nginx/listen.conf",
            &file.replace(port, &address.to_string()),
        );

        let mut upstream = source::read("deployment/nginx/upstream.conf");
        let shipped = upstream.clone();
        let lines = shipped.lines().map(str::trim);
        let lines: Vec<_> = lines.filter(|line| line.starts_with("server ")).collect();
        assert_eq!(lines.len(), servers.len());
        for (line, server) in lines.iter().zip(servers) {
            let (name, rest) = line.split_once("127.0.0.1:").unwrap();
            let (_, rest) = rest.split_once(' ').unwrap();
            upstream = upstream.replace(line, &format!("{name}{server} {rest}"));
        }
        // Directories that a package makes for nginx.
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            upstream += &format!("{kind}_temp_path temporary-{kind};\n");
        }
        project.write("nginx/upstream.conf", &upstream);

        let mut command = Command::new(program);
        command
            .arg("-p")
            .arg(project.path("nginx"))
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .args(["-g", "daemon off; pid nginx.pid;"])
            .env("NGINX", "3;");
        let mapping = FdMapping {
            parent_fd: socket.into(),
            child_fd: 3,
        };
        command.fd_mappings(vec![mapping]).unwrap();
        let process = Process::start(&mut command);
        Proxy {
            process: Some(process),
            address,
        }
    }

    /// Waits for its line on a call that has `text`.
    fn logs(&mut self, text: &str) -> String {
        self.process.as_mut().unwrap().says(text)
    }

    /// Stops it after the calls in flight; its lines on calls.
    fn stop(mut self) -> Vec<String> {
        let process = self.process.take().unwrap();
        process.signal(Signal::QUIT);
        let ran = process.end().with_code(0);
        ran.out.lines().map(str::to_owned).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        if let Some(process) = self.process.take() {
            process.signal(Signal::TERM);
            process.end();
        }
    }
}

/// The part of a line on a call behind `name=`, up to the next name.
fn field<'line>(line: &'line str, name: &str) -> &'line str {
    let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
    let end = rest.find('=').map_or(rest.len(), |next| {
        rest[..next].rfind(' ').unwrap_or(rest.len())
    });
    rest[..end].trim()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_takes_only_calls_with_it_that_it_was_sent() {
    let test = "a_killed_server_takes_only_calls_with_it_that_it_was_sent";
    let Some(program) = installed(test) else {
        return;
    };
    let project = Project::new();
    let mut servers = three(&project);
    let mut proxy = Proxy::start(program, &project, "listen.conf", &addresses(&servers));
    let mut load = Load::start(proxy.address).await;
    load.hears(100, &["71.00", "72.00", "73.00"]).await;

    let killed = servers.remove(1);
    let address = killed.address;
    killed.process.signal(Signal::KILL);
    assert_eq!(killed.process.end().code, None);
    // Its sockets are closed now: whatever starts from here on can be answered by the two others alone.
    let gone = Instant::now();
    // Each second one call tries whether it is back, and goes on to another one.
    let retried = proxy.logs(&format!("upstream={address}, "));
    assert_eq!(field(&retried, "upstream_status"), "502, 200", "{retried}");
    load.hears(100, &["71.00", "73.00"]).await;

    servers.push(serve(&project, &address.to_string(), 74));
    load.hears(100, &["71.00", "73.00", "74.00"]).await;

    let (failed, answers) = sorted(load.stop().await);
    let lines = proxy.stop();
    // Who was killed may have taken a call from each caller; nobody lost one that was started later.
    assert!(failed.len() <= CALLERS, "{failed:?}");
    for (started, status) in &failed {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(status.message(), "nginx: no server answered");
        assert!(*started < gone, "{status:?}");
    }
    // nginx says the same: what failed had been sent to the killed one, and to no other.
    let lost = lines
        .iter()
        .filter(|line| field(line, "grpc_status") == "-14");
    let lost: Vec<_> = lost.collect();
    assert_eq!(lost.len(), failed.len(), "{lost:?}");
    for line in lost {
        assert_eq!(field(line, "upstream"), address.to_string(), "{line}");
    }
    let total: usize = answers.values().sum();
    assert_eq!(lines.len(), total + failed.len(), "a line for each call");
    for rate in ["71.00", "73.00"] {
        assert!(answers[rate] * 4 > total, "{answers:?}");
    }
}

/// A server that ends once it has read a call: nobody knows whether it carried it out.
fn end_with_a_call(listener: TcpListener) -> JoinHandle<()> {
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut read, mut buffer) = (Vec::<u8>::new(), [0; 1024]);
        while !read.windows(6).any(|bytes| bytes == b"TRYUSD") {
            let length = socket.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "nginx sent no call");
            read.extend(&buffer[..length]);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_sent_is_not_sent_again() {
    let Some(program) = installed("a_call_that_was_sent_is_not_sent_again") else {
        return;
    };
    let project = Project::new();
    let live = three(&project);
    let mut servers = addresses(&live);
    let listener = TcpListener::bind("127.0.0.71:0").unwrap();
    // Its turn is first.
    servers[0] = listener.local_addr().unwrap();
    let ended = end_with_a_call(listener);
    let proxy = Proxy::start(program, &project, "listen.conf", &servers);
    let endpoint = Endpoint::new(format!("http://{}", proxy.address)).unwrap();
    let mut client = Grpc::new(in_time(endpoint.connect()).await.unwrap());

    let status = in_time(call(&mut client)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    ended.join().unwrap();
    let lines = proxy.stop();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(field(&lines[0], "upstream"), servers[0].to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_spread_evenly() {
    let Some(program) = installed("calls_are_spread_evenly") else {
        return;
    };
    let project = Project::new();
    let servers = three(&project);
    let proxy = Proxy::start(program, &project, "listen.conf", &addresses(&servers));
    let mut load = Load::start(proxy.address).await;
    load.hears(200, &["71.00", "72.00", "73.00"]).await;
    let (failed, answers) = sorted(load.stop().await);
    assert!(failed.is_empty(), "{failed:?}");
    let total: usize = answers.values().sum();
    for (rate, count) in &answers {
        // Each call's turn is the next server's, whoever called.
        assert!(
            count.abs_diff(total / 3) <= total / 30,
            "{rate}: {answers:?}"
        );
    }
    let lines = proxy.stop();
    for server in &servers {
        let address = server.address.to_string();
        let count = lines
            .iter()
            .filter(|line| field(line, "upstream") == address);
        assert!(count.count() >= 200, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_loses_no_call() {
    let Some(program) = installed("a_server_that_is_stopped_loses_no_call") else {
        return;
    };
    let project = Project::new();
    let mut servers = three(&project);
    let proxy = Proxy::start(program, &project, "listen.conf", &addresses(&servers));
    let mut load = Load::start(proxy.address).await;
    load.hears(100, &["71.00", "72.00", "73.00"]).await;

    let stopped = servers.remove(1);
    stopped.process.signal(Signal::TERM);
    let ran = stopped.process.end().with_code(0);
    assert!(ran.out.ends_with("every call was finished\n"), "{ran}");
    load.hears(100, &["71.00", "73.00"]).await;

    let (failed, _) = sorted(load.stop().await);
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_callers_hear_it_in_their_own_terms() {
    let Some(program) = installed("without_a_server_callers_hear_it_in_their_own_terms") else {
        return;
    };
    let project = Project::new();
    let servers = three(&project);
    let proxy = Proxy::start(program, &project, "listen.conf", &addresses(&servers));
    for server in servers {
        server.process.signal(Signal::KILL);
        server.process.end();
    }
    let endpoint = Endpoint::new(format!("http://{}", proxy.address)).unwrap();
    let mut client = Grpc::new(in_time(endpoint.connect()).await.unwrap());
    for _ in 0..2 {
        let status = in_time(call(&mut client)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(status.message(), "nginx: no server answered");
    }
    let lines = proxy.stop();
    let tried = field(&lines[0], "upstream").split(", ").count();
    assert_eq!(tried, 3, "{lines:?}");
}

#[test]
fn over_tls_the_client_is_answered() {
    let Some(program) = installed("over_tls_the_client_is_answered") else {
        return;
    };
    let project = Project::new();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    project.write("nginx/tls.crt", &cert.pem());
    project.write("nginx/tls.key", &signing_key.serialize_pem());
    let servers = three(&project);
    let proxy = Proxy::start(program, &project, "listen-tls.conf", &addresses(&servers));
    let mut ask = project.app(["grpc:get-currency-rate", "TRYUSD"]);
    ask.env(HOST, format!("https://localhost:{}", proxy.address.port()))
        .env(
            "APP_CLIENTS__CURRENCY_RATE_SERVICE__TLS__CA",
            fs::canonicalize(project.path("nginx/tls.crt")).unwrap(),
        );
    let ran = Process::start(&mut ask).end().with_code(0);
    assert_eq!(ran.out, "TRYUSD: 71.00\n", "{ran}");
    assert_eq!(proxy.stop().len(), 1);
}
