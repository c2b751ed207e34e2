//! Does the server do its part under a service manager? The tests play one, by systemd's protocol.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::Signal;

use crate::support::{Process, Project, in_time};
use crate::wire::{OK, Wire};

/// The number of the first descriptor that is handed over: `SD_LISTEN_FDS_START`.
const FIRST: i32 = 3;

/// `app serve` with sockets handed over, each with the name that systemd would give it.
fn serve(project: &Project, sockets: Vec<(&str, OwnedFd)>) -> Command {
    let mut command = project.app(["serve"]);
    let names: Vec<_> = sockets.iter().map(|(name, _)| *name).collect();
    command
        .env("LISTEN_FDS", sockets.len().to_string())
        .env("LISTEN_FDNAMES", names.join(":"));
    let sockets = (FIRST..).zip(sockets);
    let mappings = sockets.map(|(child_fd, (_, parent_fd))| FdMapping {
        parent_fd,
        child_fd,
    });
    command.fd_mappings(mappings.collect()).unwrap();
    command
}

/// Where the server says how it is.
struct Manager(UnixDatagram);

impl Manager {
    fn new(project: &Project) -> Self {
        let socket = UnixDatagram::bind(project.path("notify")).unwrap();
        // Longer than anything takes that works.
        let limit = Some(Duration::from_secs(60));
        socket.set_read_timeout(limit).unwrap();
        Self(socket)
    }

    fn hears(&self) -> String {
        let mut message = [0; 256];
        let length = self.0.recv(&mut message).expect("a message in time");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_on_the_socket_that_it_is_given_and_says_how_it_is() {
    let project = Project::new();
    let manager = Manager::new(&project);
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut command = serve(&project, vec![("currency-rate.socket", socket.into())]);
    command
        .env("NOTIFY_SOCKET", project.path("notify"))
        .env("WATCHDOG_USEC", "200000");

    let mut server = Process::start(&mut command);
    let said = server.says("listening on");
    assert_eq!(said, format!("listening on {address}"));
    assert_eq!(manager.hears(), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    let mut wire = Wire::connect(address).await;
    let health = in_time(wire.call("/grpc.health.v1.Health/Check", b"")).await;
    assert_eq!(health.code, OK);

    server.signal(Signal::TERM);
    while manager.hears() != "STOPPING=1\n" {}
    server.end().with_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_made_before_the_server_starts_are_answered() {
    let project = Project::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let early = tokio::spawn(async move {
        let mut wire = Wire::connect(address).await;
        wire.call("/grpc.health.v1.Health/Check", b"").await
    });
    let _server = Process::start(&mut serve(&project, vec![("", socket.into())]));
    assert_eq!(in_time(early).await.unwrap().code, OK);
}

#[test]
fn the_file_of_a_unix_socket_stays_with_whoever_made_it() {
    let project = Project::new();
    let path = project.path("app.sock");
    let socket = UnixListener::bind(&path).unwrap();
    let mut server = Process::start(&mut serve(&project, vec![("", socket.into())]));
    let said = server.says("listening on");
    assert_eq!(said, format!("listening on unix:{}", path.display()));
    server.signal(Signal::TERM);
    server.end().with_code(0);
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_named_management_is_the_management_port() {
    let project = Project::new();
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [management, calls] = sockets
        .each_ref()
        .map(|socket| socket.local_addr().unwrap());
    let names = ["management", "app.socket"];
    let sockets = names.into_iter().zip(sockets.map(OwnedFd::from));
    let mut server = Process::start(&mut serve(&project, sockets.collect()));
    let said = server.says("listening on");
    assert_eq!(said, format!("listening on {calls}"));
    let said = server.says("management on");
    assert_eq!(said, format!("management on {management}"));
    // Once it has answered a call, it serves.
    let mut wire = Wire::connect(calls).await;
    let answered = in_time(wire.call("/grpc.health.v1.Health/Check", b"")).await;
    assert_eq!(answered.code, OK);
    let probe = ["health", "--address", &management.to_string()];
    assert_eq!(project.run(probe).with_code(0).out, "SERVING\n");
}

#[test]
fn sockets_meant_for_another_process_are_left_alone() {
    let project = Project::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut command = serve(&project, vec![("", socket.into())]);
    command
        .env("LISTEN_PID", "1")
        .env("APP_SERVER__LISTEN", "127.0.0.1:0");
    let mut server = Process::start(&mut command);
    assert_ne!(
        server.says("listening on"),
        format!("listening on {address}")
    );
}

#[test]
fn a_socket_that_nobody_would_answer_on_is_refused() {
    let listener = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let datagrams = OwnedFd::from(UnixDatagram::unbound().unwrap());
    let cases = [
        (
            vec![("first", listener()), ("second", listener())],
            "error: the service manager handed over a socket named `second` too many: name one `management` \
             (systemd: FileDescriptorName=) and leave one for the calls\n",
        ),
        (
            vec![("", datagrams)],
            "error: a socket that the service manager handed over cannot be listened on: fd 3 is not a valid unix stream socket\n",
        ),
    ];
    for (sockets, message) in cases {
        let project = Project::new();
        let mut command = serve(&project, sockets);
        command.env("APP_SERVER__LISTEN", "127.0.0.1:0");
        let ran = Process::start(&mut command).end().with_code(1);
        assert_eq!(ran.err, message, "{ran}");
        assert_eq!(ran.out, "", "{ran}");
    }
}

#[test]
fn a_number_of_sockets_that_is_none_is_an_error() {
    let project = Project::new();
    for (count, meant, is_refused) in [
        ("abc", None, true),
        ("-1", None, true),
        ("abc", Some("1"), false),
    ] {
        let mut command = project.app(["serve"]);
        command
            .env("LISTEN_FDS", count)
            .env("APP_SERVER__LISTEN", "127.0.0.1:0");
        if let Some(meant) = meant {
            command.env("LISTEN_PID", meant);
        }
        if is_refused {
            let ran = Process::start(&mut command).end().with_code(1);
            assert_eq!(
                ran.err,
                format!(
                    "error: LISTEN_FDS is {count:?}: expected the number of sockets that were handed over\n"
                )
            );
        } else {
            crate::support::Server::start(&mut command);
        }
    }
}
