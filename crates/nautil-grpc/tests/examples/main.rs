//! The examples as a newcomer runs them: two programs, on any free port.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod build;
#[rustfmt::skip]
#[path = "../../examples/generated/mod.rs"]
mod generated;
mod program;

use std::fs;
use std::path::Path;
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Toml};
use nautil_codegen::{Options, Runtime, generate};
use nautil_grpc::client::Target;
use nautil_grpc::{Channel, ClientConfig, Request};
use serde::Deserialize;

use generated::timer::{TimerServiceClient, TimerServiceInterface, WaitRequest};
use program::Program;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A server on a free port, and its address.
fn server() -> (Program, String) {
    let mut server = Program::start("server", &[]);
    let line = server.line();
    let address = line.strip_prefix("listening on ").expect(&line).to_owned();
    (server, address)
}

#[test]
fn two_services_answer_and_a_call_that_takes_too_long_is_described() {
    let (_server, address) = server();
    let mut client = Program::start("client", &[&address]);
    assert_eq!(client.line(), "Hello, Ada!");
    assert_eq!(client.line(), "waited for 10ms");
    assert_eq!(
        client.line(),
        format!(
            "timer.TimerService at {address} (the first argument) did not answer within 100ms: DEADLINE_EXCEEDED"
        )
    );
    assert_eq!(client.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_is_interrupted_finishes_the_call_in_flight() {
    let (mut server, address) = server();
    let target = Target {
        service: "timer.TimerService",
        variable: "this test",
    };
    let config = ClientConfig {
        host: Some(address.parse().unwrap()),
        ..ClientConfig::default()
    };
    let client = TimerServiceClient::new(Channel::connect(target, &config).unwrap());
    let time = Duration::from_millis(500).try_into().unwrap();
    let request = Request::new(WaitRequest { time: Some(time) });
    let call = tokio::spawn(async move { client.wait(request).await });

    assert_eq!(server.line(), "waiting for 500ms");
    server.interrupt();

    call.await.unwrap().unwrap();
    assert_eq!(server.line(), "every call was finished");
    assert_eq!(server.end(), Some(0));
}

#[test]
fn the_generated_code_is_what_the_generator_writes_now() {
    #[derive(Deserialize)]
    struct Config {
        services: Vec<String>,
        runtime: String,
    }
    let root = root().join("examples");
    let config = Figment::from(Toml::file_exact(root.join("config/grpc.toml")));
    let Config { services, runtime } = config.extract().unwrap();
    assert_eq!(runtime, "nautil-grpc");

    let generated = generate(&Options {
        root: root.clone(),
        services,
        imports: Vec::new(),
        runtime: Runtime::NautilGrpc,
    })
    .unwrap();
    let differences = generated.differences(&root.join("generated")).unwrap();
    assert!(
        differences.is_empty(),
        "run `nautil grpc:generate` in {}: {differences:?}",
        root.display()
    );
}

#[test]
fn the_readme_shows_code_of_the_examples() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    // However it is indented.
    let plain = |code: &str| code.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let code = plain(&[read("examples/server.rs"), read("examples/client.rs")].concat());
    let readme = read("README.md");
    let blocks = readme.split("```rust\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 3, "{blocks:?}");
    for part in blocks.iter().flat_map(|block| block.split("…\n")) {
        assert!(code.contains(plain(part).trim()), "no example has\n{part}");
    }
}
