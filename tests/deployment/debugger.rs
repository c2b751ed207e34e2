//! A breakpoint in a handler, without an IDE: the real server below a debug server, the real debugger, a real call.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, Command};
use std::time::Duration;

use currency_rate::generated::currency::dto::{CurrencyRateResponse, GetRateRequest};
use rustix::process::{Pid, Signal, kill_process};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::docker::engine::{Engine, Stack};
use crate::source;
use crate::support::{Process, Project, ROOT, in_time, skipped};

/// The handler, as an IDE names its file.
const HANDLER: &str = "app/src/endpoint/grpc/currency_rate_service.rs";

/// How often the server asks silent peers whether they are there, and how long they have to answer. Any stop is longer.
const KEEPALIVE: &str = "50ms";

/// How long the server stands still.
const STOP: Duration = Duration::from_secs(1);

/// gdb, told line by line what a developer would type.
struct Debugger {
    process: Process,
    input: ChildStdin,
}

impl Debugger {
    /// Reads the symbols of a built application, and holds the process of it that is behind the address.
    fn connect(binary: &Path, address: SocketAddr) -> Self {
        let mut command = Command::new("rust-gdb");
        command
            .current_dir(ROOT)
            .args(["--nx", "--quiet", "-x", "deployment/debug/gdbinit"])
            .args(["-ex", "set confirm off", "-ex", "set width 0"])
            .arg(binary);
        let (process, input) = Process::start_with_input(&mut command);
        let mut debugger = Debugger { process, input };
        debugger.types(&format!("target remote {address}"));
        debugger
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    fn says(&mut self, text: &str) -> String {
        self.process.says(text)
    }

    /// Sets the breakpoint, and lets the process go on.
    fn awaits_a_call(&mut self) {
        self.types(&format!("break {HANDLER}:{}", line()));
        self.says("Breakpoint 1 at ");
        self.types("continue");
    }

    /// Insists that a call stops at the breakpoint, with its ticker.
    fn shows_the_call(&mut self) {
        let stop = self.says("hit Breakpoint 1");
        assert!(stop.contains("currency_rate_service"), "{stop}");
        assert!(stop.contains("::get_rate::"), "{stop}");
        assert!(
            stop.ends_with(&format!(" at {HANDLER}:{}", line())),
            "{stop}"
        );
        self.types("info locals");
        self.says(r#"ticker = "TRYUSD""#);
    }
}

/// Whether everything that a debugger consists of is there.
fn is_installed(test: &str) -> bool {
    for (tool, mend) in [
        ("gdbserver", "apt-get install gdbserver"),
        (
            "rust-gdb",
            "apt-get install gdb; the toolchain from rustup has the rest",
        ),
    ] {
        let asked = Command::new(tool).arg("--version").output();
        if !asked.is_ok_and(|output| output.status.success()) {
            skipped(test, format_args!("{tool} does not run: {mend}"));
            return false;
        }
    }
    true
}

/// Where a developer clicks: the first line of `get_rate` that has the ticker in its hands.
fn line() -> usize {
    let source = source::read(HANDLER);
    let mut lines = source.lines().enumerate();
    lines.find(|(_, line)| line.contains("async fn get_rate("));
    let (index, _) = lines
        .find(|(_, line)| line.contains("ticker.parse()"))
        .expect("`get_rate` parses the ticker");
    index + 1
}

/// The number at the end of a line.
fn number(line: &str) -> i32 {
    let (_, number) = line.rsplit_once(' ').unwrap();
    number.parse().unwrap()
}

async fn connect(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::new(format!("http://{address}")).unwrap();
    in_time(endpoint.connect()).await.unwrap()
}

#[test]
fn the_documentation_stops_at_the_same_line() {
    let page = source::read("docs/debugging.md");
    let line = line();
    let gdb = format!("(gdb) break {HANDLER}:{line}\n");
    assert!(page.contains(&gdb), "{gdb}");
    let lldb = format!("--file currency_rate_service.rs --line {line}`");
    assert!(page.contains(&lldb), "{lldb}");
}

/// `GetRate` by a client of tonic's, with a deadline or without.
async fn get_rate(
    channel: Channel,
    deadline: Option<Duration>,
) -> Result<Response<CurrencyRateResponse>, Status> {
    let mut request = Request::new(GetRateRequest {
        ticker: "TRYUSD".to_owned(),
    });
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/currency.CurrencyRateService/GetRate");
    client.unary(request, path, ProstCodec::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakpoint_stops_a_call_and_shows_its_ticker() {
    if !is_installed("a_breakpoint_stops_a_call_and_shows_its_ticker") {
        return;
    }
    // The server is a child of its debug server: that much every system allows.
    let project = Project::new();
    let app = project.app(["serve"]);
    let mut command = Command::new("gdbserver");
    command
        .args(["--once", "127.0.0.1:0"])
        .arg(app.get_program())
        .args(app.get_args())
        .current_dir(project.path("."))
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("APP_SERVER__TIMEOUTS__KEEPALIVE__INTERVAL", KEEPALIVE)
        .env("APP_SERVER__TIMEOUTS__KEEPALIVE__TIMEOUT", KEEPALIVE);
    let mut server = Process::start(&mut command);
    let id = number(&server.logs("created; pid = "));
    let port = number(&server.logs("Listening on port "));

    let port = u16::try_from(port).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_app"));
    let mut debugger = Debugger::connect(binary, SocketAddr::from(([127, 0, 0, 1], port)));
    debugger.awaits_a_call();
    let address = server.says("listening on ");
    let address = address.strip_prefix("listening on ").unwrap();
    let address = address.parse().unwrap();

    let call = tokio::spawn(get_rate(connect(address).await, None));
    debugger.shows_the_call();

    // Nobody is served while the server stands; a caller with a deadline goes away.
    let other = get_rate(connect(address).await, Some(STOP)).await;
    assert!(other.is_err(), "{other:?}");
    assert!(!call.is_finished());

    debugger.types("delete");
    debugger.types("continue");
    let answer = in_time(call).await.unwrap().unwrap().into_inner();
    assert_eq!(answer.ticker, "TRYUSD");

    // Whoever debugs a server can stop it as ever.
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    debugger.says("exited normally");
    debugger.types("quit");
    debugger.process.end().with_code(0);
    let ran = server.end().with_code(0);
    assert!(ran.out.ends_with("every call was finished\n"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breakpoint_stops_a_call_in_the_container() {
    if !is_installed("a_breakpoint_stops_a_call_in_the_container") {
        return;
    }
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine)
        .with("deployment/debug/compose.yml")
        .up(&["--wait", "server", "debugger"]);
    let project = Project::new();
    let binary = project.path("container-app");
    let copy = ["cp", "server:/usr/local/bin/app", binary.to_str().unwrap()];
    stack.run(&copy).with_code(0);
    let address = stack.address("server", 1, 9001);

    let mut debugger = Debugger::connect(&binary, stack.address("debugger", 1, 1234));
    debugger.awaits_a_call();
    // The sources' names begin with `/app` in this binary, and the debugger shows them from here.
    let call = tokio::spawn(async move { get_rate(connect(address).await, None).await });
    debugger.shows_the_call();
    debugger.types("list");
    debugger.says("ticker.parse()");
    debugger.types("delete");
    debugger.types("detach");
    let answer = in_time(call).await.unwrap().unwrap().into_inner();
    assert_eq!(answer.ticker, "TRYUSD");
    debugger.types("quit");
    debugger.process.end().with_code(0);

    // The debugger is gone; the server is not.
    let answer = get_rate(connect(address).await, None).await.unwrap();
    assert_eq!(answer.into_inner().ticker, "TRYUSD");
}
