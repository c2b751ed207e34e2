//! What a call and a streamed message cost in instructions, and a call that waits in memory: `cargo bench -p nautil-grpc --bench
//! instructions`. It needs valgrind. Nothing here asserts a figure; `docs/benchmarks.md` has them.
//!
//! A client and a server in one thread, with a pipe in memory between them: no kernel, no scheduler, no other process, so that two
//! runs count the same to within a thousandth. Instructions are those of both sides. Callgrind counts a run, and one that does
//! twice as much: the difference is the work without the start.

#![allow(
    clippy::disallowed_macros,
    reason = "a bench speaks to the terminal on standard output"
)]

use std::future::{Future, pending};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use futures_util::{StreamExt, future, stream};
use nautil_grpc::client::Target;
use nautil_grpc::server::{Call, Limits, Reply, Router, ServerConfig, serve_connection};
use nautil_grpc::{
    BoxStream, Calls, Channel, ClientConfig, InterceptedCall, Interceptor, Interceptors, Method,
    MethodKind, Next, Request, Response, Service, Status,
};

type BoxError = Box<dyn std::error::Error>;

/// A message of ten bytes: a `string value = 1` of eight letters.
const TEXT: &str = "12345678";
/// Messages of one stream.
const MESSAGES: usize = 1_000;
/// Calls that wait at the same time.
const WAITING: usize = 10_000;

/// What is counted.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    what: &'static str,
    /// How often it is done in the shorter of the two runs.
    times: usize,
    /// How many of what is counted are in one of them.
    each: usize,
}

const CASES: [Case; 7] = [
    Case {
        name: "unary",
        what: "a unary call",
        times: 1_000,
        each: 1,
    },
    Case {
        name: "unary-1",
        what: "a unary call through one interceptor of the server that does nothing",
        times: 1_000,
        each: 1,
    },
    Case {
        name: "unary-8",
        what: "a unary call through eight of them",
        times: 1_000,
        each: 1,
    },
    Case {
        name: "client-1",
        what: "a unary call through one interceptor of the client that does nothing",
        times: 1_000,
        each: 1,
    },
    Case {
        name: "context",
        what: "a unary call through one interceptor that asks for the context, under a deadline",
        times: 1_000,
        each: 1,
    },
    Case {
        name: "up",
        what: "a message of a request's stream",
        times: 20,
        each: MESSAGES,
    },
    Case {
        name: "down",
        what: "a message of a response's stream",
        times: 20,
        each: MESSAGES,
    },
];

/// The service, as the generator would name it.
trait Relay: Send + Sync {}

struct Server;

impl Relay for Server {}

impl Service for dyn Relay {
    const NAME: &'static str = "bench.Relay";
    const METHODS: &'static [Method] = &[
        Method::new("/bench.Relay/Unary", MethodKind::Unary),
        Method::new("/bench.Relay/Up", MethodKind::ClientStreaming),
        Method::new("/bench.Relay/Down", MethodKind::ServerStreaming),
        Method::new("/bench.Relay/Wait", MethodKind::Unary),
    ];
    const DESCRIPTOR_SET: &'static [u8] = b"";
    const HOST_VARIABLE: &'static str = "RELAY_HOST";

    fn handle(_: &Arc<Self>, method: &str, call: Call) -> Reply {
        match method {
            "Unary" => call.unary(|request: Request<String>| async move {
                Ok(Response::new(request.into_inner()))
            }),
            "Up" => call.client_streaming(|request: Request<BoxStream<String>>| async move {
                let count = request.into_inner().count().await;
                Ok(Response::new(count.to_string()))
            }),
            "Down" => {
                call.server_streaming(
                    |_: Request<String>| async move { Ok(Response::new(messages())) },
                )
            }
            "Wait" => call.unary(|_: Request<String>| async move {
                pending::<Result<Response<String>, Status>>().await
            }),
            _ => call.unimplemented(),
        }
    }

    fn client(_: Channel) -> Arc<Self> {
        unreachable!("the bench has a client of its own")
    }
}

/// Does nothing. The number tells several apart.
struct Nothing<const NUMBER: usize>;

impl<const NUMBER: usize> Interceptor for Nothing<NUMBER> {
    const NAME: &'static str = ["0", "1", "2", "3", "4", "5", "6", "7"][NUMBER];

    async fn intercept(&self, call: &mut InterceptedCall, next: Next<'_>) -> Result<(), Status> {
        next.run(call).await
    }
}

/// Asks for the context.
struct Asking;

impl Interceptor for Asking {
    const NAME: &'static str = "asking";

    async fn intercept(&self, call: &mut InterceptedCall, next: Next<'_>) -> Result<(), Status> {
        let context = call.context();
        if context.remaining().is_none() {
            return Err(Status::internal("there is no deadline"));
        }
        next.run(call).await
    }
}

/// The interceptors of a case.
fn interceptors(case: &str) -> Interceptors {
    let none = Interceptors::new();
    match case {
        "unary-1" => none.with(Calls::served(), Arc::new(Nothing::<0>)),
        "client-1" => none.with(Calls::made(), Arc::new(Nothing::<0>)),
        "unary-8" => none
            .with(Calls::served(), Arc::new(Nothing::<0>))
            .with(Calls::served(), Arc::new(Nothing::<1>))
            .with(Calls::served(), Arc::new(Nothing::<2>))
            .with(Calls::served(), Arc::new(Nothing::<3>))
            .with(Calls::served(), Arc::new(Nothing::<4>))
            .with(Calls::served(), Arc::new(Nothing::<5>))
            .with(Calls::served(), Arc::new(Nothing::<6>))
            .with(Calls::served(), Arc::new(Nothing::<7>)),
        "context" => none.with(Calls::served(), Arc::new(Asking)),
        _ => none,
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["run", case, times] => run(case, times),
        [.., "--bench"] => measure(),
        _ => {
            println!("measures nothing without `cargo bench`");
            Ok(())
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), BoxError> {
    println!("| client and server together | instructions |\n|---|---|");
    for case in CASES {
        let (once, twice) = (count(case, case.times)?, count(case, 2 * case.times)?);
        let instructions = (twice - once) / u64::try_from(case.times * case.each)?;
        println!("| {} | {instructions} |", case.what);
    }
    let output = this("wait", WAITING)?.output()?;
    let bytes = String::from_utf8(output.stdout)?;
    println!("\n| client and server together | bytes |\n|---|---|");
    println!(
        "| a unary call that waits for its handler | {} |",
        bytes.trim()
    );
    Ok(())
}

/// This program, doing one thing that many times.
fn this(case: &str, times: usize) -> Result<Command, BoxError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", case, &times.to_string()]);
    Ok(command)
}

/// The instructions of one run.
fn count(case: Case, times: usize) -> Result<u64, BoxError> {
    let this = this(case.name, times)?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this.get_program())
        .args(this.get_args())
        .output()
        .map_err(|error| format!("valgrind: {error}: apt-get install -y valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {said}", case.name).into());
    }
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.ok_or_else(|| format!("valgrind counted nothing: {said}"))?;
    Ok(collected.trim().parse()?)
}

/// Does one thing that many times.
fn run(case: &str, times: &str) -> Result<(), BoxError> {
    let times: usize = times.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let channel = channel(&interceptors(case))?;
        match case {
            "unary" | "unary-1" | "unary-8" | "client-1" | "context" => {
                for _ in 0..times {
                    let response = unary(&channel, "Unary").await?;
                    expect(response.into_inner() == TEXT)?;
                }
            }
            "up" => {
                for _ in 0..times {
                    let request = Request::new(messages());
                    let response: Response<String> =
                        channel.client_streaming(method("Up"), request).await?;
                    expect(response.into_inner() == MESSAGES.to_string())?;
                }
            }
            "down" => {
                for _ in 0..times {
                    let request = Request::new(TEXT.to_owned());
                    let response: Response<BoxStream<String>> =
                        channel.server_streaming(method("Down"), request).await?;
                    expect(response.into_inner().count().await == MESSAGES)?;
                }
            }
            "wait" => {
                // The connection, and what is made for the first call, do not count.
                unary(&channel, "Unary").await?;
                let before = resident()?;
                let calls = (0..times).map(|_| {
                    let channel = channel.clone();
                    tokio::spawn(async move { unary(&channel, "Wait").await })
                });
                let calls: Vec<_> = calls.collect();
                // Behind all of them on the one connection: when this is answered, they have come.
                unary(&channel, "Unary").await?;
                println!("{}", (resident()? - before) / times);
                drop(calls);
            }
            unknown => return Err(format!("there is no case {unknown}").into()),
        }
        Ok(())
    })
}

fn unary(channel: &Channel, name: &str) -> impl Future<Output = Result<Response<String>, Status>> {
    channel.unary(method(name), Request::new(TEXT.to_owned()))
}

fn method(name: &str) -> &'static Method {
    let mut methods = <dyn Relay as Service>::METHODS.iter();
    let found = methods.find(|method| method.name() == name);
    found.expect("the service has this method")
}

fn messages() -> BoxStream<String> {
    Box::pin(stream::iter((0..MESSAGES).map(|_| Ok(TEXT.to_owned()))))
}

/// A channel to a server in this thread.
fn channel(interceptors: &Interceptors) -> Result<Channel, BoxError> {
    let config = Arc::new(ServerConfig {
        limits: Limits {
            max_concurrent_streams: u32::try_from(2 * WAITING)?.try_into()?,
            ..Limits::default()
        },
        ..ServerConfig::default()
    });
    let routes = Router::new(&config)
        .mount::<dyn Relay>(Arc::new(Server))
        .intercept(interceptors.clone())
        .build()?;
    let open = move || {
        let (client, server) = tokio::io::duplex(64 << 10);
        let (routes, config) = (routes.clone(), Arc::clone(&config));
        tokio::spawn(async move { serve_connection(server, routes, &config, pending()).await });
        future::ready(Ok(client))
    };
    let target = Target {
        service: "bench.Relay",
        variable: "RELAY_HOST",
    };
    let channel = Channel::over(target, &ClientConfig::default(), open);
    Ok(channel.intercept::<dyn Relay>(interceptors, None)?)
}

/// The memory of this process, in bytes (proc(5), `statm`).
fn resident() -> Result<usize, BoxError> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(pages * 4096)
}

fn expect(is_as_expected: bool) -> Result<(), BoxError> {
    match is_as_expected {
        true => Ok(()),
        false => Err("the answer is not the one that was expected".into()),
    }
}
