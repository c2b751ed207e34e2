//! Whether whoever gets something wrong around a container learns what it is, and what mends it.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::process::geteuid;

use super::engine::{Engine, Stack, answer};
use crate::support::Project;

/// The user of a container. Where it is whoever tests, no file of theirs is closed to it.
const CONTAINER: u32 = 1000;

const CALL: [&str; 3] = ["app", "grpc:get-currency-rate", "TRYUSD"];

#[test]
fn a_daemon_that_does_not_run_is_what_the_skipped_tests_name() {
    let mut command = Command::new("docker");
    command
        .arg("info")
        .env("DOCKER_HOST", "unix:///nowhere.sock");
    let why = answer(&mut command).unwrap_err();
    let known = ["docker is not installed", "`docker info`: "];
    assert!(known.iter().any(|start| why.starts_with(start)), "{why}");
    if why != known[0] {
        assert!(why.contains("unix:///nowhere.sock"), "{why}");
    }
}

#[test]
fn a_port_of_the_host_that_is_taken_is_named_by_the_engine() {
    let Some(engine) = Engine::find() else { return };
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let stack = Stack::new(engine);
    let mut up = stack.command(&["up", "--detach", "--build"]);
    let why = answer(up.env("CURRENCY_RATE_PORT", &port)).unwrap_err();
    assert!(why.contains(&port), "{why}");
    assert!(why.contains("already"), "{why}");
}

#[test]
fn a_port_in_the_container_that_is_taken_is_named_by_the_application() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine).up(&[]);
    let second = ["exec", "--no-TTY", "server", "app", "serve"];
    assert_eq!(
        stack.run(&second).with_code(1).err,
        "error: cannot listen on 0.0.0.0:9001 (`server.listen`): the address is in use; stop the other process or set \
         APP_SERVER__LISTEN\n"
    );
}

#[test]
fn a_mounted_config_of_another_user_is_named_with_what_lets_the_container_in() {
    let Some(engine) = Engine::find() else { return };
    let owner = geteuid().as_raw();
    if owner == CONTAINER {
        return;
    }
    let stack = Stack::new(engine);
    stack.run(&["build", "server"]).with_code(0);
    let project = Project::new();
    fs::set_permissions(project.path("config"), Permissions::from_mode(0o700)).unwrap();
    let mount = format!("{}:/app/config:ro", project.path("config").display());
    let ran = engine.run(["run", "--rm", "--volume", &mount, &stack.image("server")]);
    assert_eq!(
        ran.with_code(1).err,
        format!(
            "error: cannot read config: this process, which runs as user id 1000, may not enter the directory `config`; \
             let it (chmod a+x); it belongs to user id {owner} with mode 700\n"
        )
    );
}

#[test]
fn a_mounted_key_of_another_user_is_named_with_what_lets_the_container_in() {
    let Some(engine) = Engine::find() else { return };
    if geteuid().as_raw() == CONTAINER {
        return;
    }
    let stack = Stack::new(engine);
    stack.run(&["build", "server"]).with_code(0);
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let project = Project::new();
    project.write("tls/certificate.pem", &issued.cert.pem());
    project.write("tls/key.pem", &issued.signing_key.serialize_pem());
    fs::set_permissions(project.path("tls"), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(project.path("tls/key.pem"), Permissions::from_mode(0o600)).unwrap();

    let mount = format!("{}:/tls:ro", project.path("tls").display());
    let files = [
        "--env",
        "APP_SERVER__TLS__CERTIFICATE=/tls/certificate.pem",
        "--env",
        "APP_SERVER__TLS__KEY=/tls/key.pem",
    ];
    let image = stack.image("server");
    let run = [&["run", "--rm", "--volume", &mount], &files[..], &[&image]].concat();
    let said = engine.run(run).with_code(1).err;
    let start = "error: cannot use `/tls/key.pem` (`server.tls.key`): this process, which runs as user id 1000, may not read it";
    assert!(said.starts_with(start), "{said}");
    assert!(said.contains("chown 1000"), "{said}");
}

#[test]
fn without_an_env_file_a_client_says_which_variable_it_lacks() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build", "cli"]).with_code(0);
    let image = stack.image("cli");
    let ran = engine.run([&["run", "--rm", &image], &CALL[..]].concat());
    let said = ran.with_code(1).err;
    assert!(
        said.contains("set CURRENCY_RATE_SERVICE_HOST to host:port"),
        "{said}"
    );
}

#[test]
fn a_host_without_a_port_stops_the_console_at_its_start() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build", "cli"]).with_code(0);
    let image = stack.image("cli");
    let wrong = [
        "run",
        "--rm",
        "--env",
        "CURRENCY_RATE_SERVICE_HOST=server",
        &image,
    ];
    for command in [&[][..], &CALL] {
        assert_eq!(
            engine.run([&wrong[..], command].concat()).with_code(1).err,
            "error: clients.currency_rate_service.host (CURRENCY_RATE_SERVICE_HOST, environment): found \"server\", \
             expected a port after the host, as in `localhost:9001`\n"
        );
    }
}
