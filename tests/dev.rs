//! The inner loop, `app dev`: saved files under load, files that are wrong, and the end.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use currency_rate::generated::currency::dto::GetRateRequest;
use currency_rate::generated::currency::{CurrencyRateServiceClient, CurrencyRateServiceInterface};
use nautil::grpc::client::{ClientConfig, Target};
use nautil::grpc::{Channel, Request, Status};
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::{HOST, Process, in_time};
use crate::wire::{OK, Wire};
use crate::workspace::Workspace;

const SERVICE: &str = "app/src/endpoint/grpc/currency_rate_service.rs";
const CONTRACT: &str = "proto/currency/service.proto";
/// Where the service says its rate.
const RATE: &str = "rate: rate.to_string(),";

/// `app dev` in a copy of the workspace.
struct Dev {
    process: Process,
    address: SocketAddr,
    workspace: Workspace,
}

impl Dev {
    fn start() -> Self {
        Self::start_with(workspace("127.0.0.1:0"), &[])
    }

    fn start_with(workspace: Workspace, arguments: &[&str]) -> Self {
        let binary = workspace.build();
        let mut dev = Self::spawn(workspace, binary, arguments);
        dev.process.logs("serving calls on");
        dev
    }

    fn spawn(workspace: Workspace, binary: PathBuf, arguments: &[&str]) -> Self {
        let mut command = workspace.command(binary);
        command.arg("dev").args(arguments);
        let mut process = Process::start(&mut command);
        let said = process.logs("holding calls on ");
        let address = said.rsplit(' ').next().unwrap().parse().unwrap();
        Dev {
            process,
            address,
            workspace,
        }
    }

    /// Replaces a text in a file of the project.
    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.workspace.read(path);
        assert!(text.contains(from), "{path}:\n{text}");
        self.workspace.write(path, &text.replace(from, to));
    }

    /// A client with a connection of its own.
    fn client(&self) -> CurrencyRateServiceClient {
        client(self.address)
    }

    /// What a new client is answered.
    async fn rate(&self) -> String {
        in_time(rate(&self.client())).await.unwrap()
    }
}

/// A copy of the workspace that listens on `address`.
fn workspace(address: &str) -> Workspace {
    let workspace = Workspace::copy();
    let config = workspace.read("config/server.toml");
    let config = config.replace("127.0.0.1:9001", address);
    workspace.write("config/server.toml", &config);
    workspace
}

fn client(address: SocketAddr) -> CurrencyRateServiceClient {
    let target = Target {
        service: "currency.CurrencyRateService",
        variable: HOST,
    };
    let config = ClientConfig {
        host: Some(address.to_string().parse().unwrap()),
        ..ClientConfig::default()
    };
    CurrencyRateServiceClient::new(Channel::connect(target, &config).unwrap())
}

async fn rate(client: &CurrencyRateServiceClient) -> Result<String, Status> {
    let ticker = "TRYUSD".to_owned();
    let request = Request::new(GetRateRequest { ticker });
    Ok(client.get_rate(request).await?.into_inner().rate)
}

/// Calls without a pause, over connections that stay and over new ones, until it is stopped.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    callers: JoinSet<Vec<Status>>,
}

impl Load {
    fn start(address: SocketAddr) -> Self {
        let (stop, answered) = (Arc::default(), Arc::default());
        let mut callers = JoinSet::new();
        for stays in [true, true, false, false] {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            callers.spawn(call(address, stays, stop, answered));
        }
        Load {
            stop,
            answered,
            callers,
        }
    }

    /// How many calls were answered, and what the others failed with.
    async fn end(self) -> (u64, Vec<Status>) {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self.callers.join_all().await.concat();
        (self.answered.load(Ordering::Relaxed), failed)
    }
}

async fn call(
    address: SocketAddr,
    stays: bool,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) -> Vec<Status> {
    let mut failed = Vec::new();
    let mut current = client(address);
    while !stop.load(Ordering::Relaxed) {
        if !stays {
            current = client(address);
        }
        match rate(&current).await {
            Ok(_) => drop(answered.fetch_add(1, Ordering::Relaxed)),
            Err(status) => failed.push(status),
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_edits_under_load_fail_no_call() {
    const EDITS: Range<u32> = 100..120;
    let mut dev = Dev::start();
    let load = Load::start(dev.address);

    let mut now = RATE.to_owned();
    for edit in EDITS {
        // The new code says which edit it is.
        let next = format!("rate: {{ let _ = &rate; \"{edit}.00\".to_owned() }},");
        dev.edit(SERVICE, &now, &next);
        dev.process.logs("serving calls on");
        assert_eq!(dev.rate().await, format!("{edit}.00"));
        now = next;
    }

    let (answered, failed) = load.end().await;
    assert!(
        failed.is_empty(),
        "{} of {answered}: {:?}",
        failed.len(),
        failed.first()
    );
    assert!(answered > 1000, "only {answered} calls were made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_finished_by_the_server_that_has_it() {
    let mut dev = Dev::start();
    let mut wire = Wire::connect(dev.address).await;
    let call = wire.open("/currency.CurrencyRateService/GetRate").await;
    let later = wire.call("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(later.code, OK, "the first call has arrived too");

    dev.edit("config/rates.toml", "lowest = 70", "lowest = 75");
    dev.process.logs("serving calls on");
    assert_eq!(
        dev.rate().await,
        "75.00",
        "a config is read again without a build"
    );

    let answer = in_time(call.finish(b"\x0a\x06TRYUSD")).await;
    assert_eq!(answer.code, OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_shown_and_the_server_goes_on() {
    let mut dev = Dev::start();
    let goes_on = "; the server before it goes on";

    dev.edit(SERVICE, RATE, "rate: 1,");
    dev.process.logs("error[E0308]: mismatched types");
    dev.process
        .logs(&format!("error: the build failed{goes_on}"));
    assert!(dev.rate().await.starts_with('7'));
    dev.edit(SERVICE, "rate: 1,", RATE);
    dev.process.logs("serving calls on");

    dev.edit(CONTRACT, "rpc GetRate", "rcp GetRate");
    dev.process.logs("proto/currency/service.proto:12:3");
    dev.process
        .logs(&format!("error: nothing was generated{goes_on}"));
    assert!(dev.rate().await.starts_with('7'));
    dev.edit(
        CONTRACT,
        "rcp GetRate",
        "// As the source has it now.\n  rpc GetRate",
    );
    dev.process.logs("serving calls on");
    assert!(
        dev.workspace
            .read("generated/currency.rs")
            .contains("As the source has it now.")
    );

    dev.edit("config/rates.toml", "lowest", "lowset");
    dev.process.logs("did you mean `lowest`?");
    let ended = "error: the new server ended before it served, with exit status: 1";
    dev.process.logs(&format!("{ended}{goes_on}"));
    assert!(dev.rate().await.starts_with('7'));
    dev.edit("config/rates.toml", "lowset = 70", "lowest = 75");
    dev.process.logs("serving calls on");
    assert_eq!(dev.rate().await, "75.00");

    dev.process.signal(Signal::INT);
    dev.process.end().with_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_wait_for_the_first_server() {
    let workspace = workspace("127.0.0.1:0");
    let binary = workspace.build();
    let whole = workspace.read(SERVICE);
    workspace.write(SERVICE, "this is no Rust\n");
    let mut dev = Dev::spawn(workspace, binary, &[]);
    dev.process
        .logs("error: the build failed; no server runs yet, connections wait");

    let client = dev.client();
    let early = tokio::spawn(async move { rate(&client).await });
    dev.workspace.write(SERVICE, &whole);
    assert!(in_time(early).await.unwrap().unwrap().starts_with('7'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_taken_and_the_old_one_left() {
    let mut dev = Dev::start();
    let before = dev.address;
    dev.edit("config/server.toml", "127.0.0.1:0", "127.0.0.2:0");
    let said = dev.process.logs("holding calls on 127.0.0.2:");
    dev.process.logs("serving calls on");
    dev.address = said.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(dev.rate().await.starts_with('7'));
    is_left(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tests_run_after_a_build_when_they_are_asked_for() {
    // The tests of the library alone: this one is among the others.
    let workspace = workspace("127.0.0.1:0");
    workspace.build_tests();
    let arguments = ["--test", "--", "--lib"];
    let mut dev = Dev::start_with(workspace, &arguments);
    dev.process.logs("the tests pass");
    let ticker = "app/src/domain/ticker.rs";
    let failing = "mod tests {\n    #[test]\n    fn fails() {\n        panic!();\n    }\n";
    dev.edit(ticker, "mod tests {", failing);
    dev.process.says("domain::ticker::tests::fails");
    dev.process
        .logs("error: the tests fail; the server goes on");
    assert!(dev.rate().await.starts_with('7'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_loop_leaves_no_server_behind() {
    let dev = Dev::start();
    dev.process.signal(Signal::KILL);
    is_left(dev.address).await;
}

/// Waits until nobody listens there.
async fn is_left(address: SocketAddr) {
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).await.is_ok() {
        assert!(
            Instant::now() < until,
            "somebody still listens at {address}"
        );
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_address_in_use_is_said_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let workspace = workspace(&address.to_string());
    let mut command = workspace.command(workspace.build());
    let ran = Process::start(command.arg("dev")).end().with_code(1);
    let message = format!(
        "error: cannot listen on {address} (`server.listen`): the address is in use; stop the other process or set APP_SERVER__LISTEN\n"
    );
    assert_eq!(ran.err, message, "{ran}");
}
