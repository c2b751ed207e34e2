//! Whether a failed command says what to do next: its lines on standard error, and its exit code.

use std::net::TcpListener;

use std::fs;

use crate::support::{HOST, Process, Project, Ran};

const COMMAND: &str = "grpc:get-currency-rate";
const SERVICE: &str = "currency.CurrencyRateService";

/// Asks for TRYUSD at `host`.
fn ask(host: &str) -> Ran {
    let project = Project::new();
    Process::start(project.app([COMMAND, "TRYUSD"]).env(HOST, host)).end()
}

#[track_caller]
fn fails(ran: &Ran, code: i32, err: &str) {
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(code), "", err),
        "{ran}"
    );
}

#[test]
fn a_server_that_is_down_may_not_be_running() {
    // A port that was free a moment ago; it is held by nobody.
    let host = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    fails(
        &ask(&host.to_string()),
        1,
        &format!(
            "error: {SERVICE} at {host} ({HOST}) cannot be reached: UNAVAILABLE: connection refused; \
             is the server running?\n"
        ),
    );
}

#[test]
fn a_port_of_somebody_else_may_be_the_wrong_one() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = other.local_addr().unwrap();
    // Closes every connection: what is there speaks no gRPC.
    std::thread::spawn(move || other.incoming().for_each(drop));

    let ran = ask(&host.to_string()).with_code(1);

    let start = format!("error: {SERVICE} at {host} ({HOST}) ");
    assert!(ran.err.starts_with(&start), "{ran}");
    assert!(ran.err.ends_with("is it a gRPC server?\n"), "{ran}");
    assert_eq!(ran.err.lines().count(), 1, "{ran}");
}

#[test]
fn a_host_without_a_port_is_told_what_a_host_looks_like() {
    fails(
        &ask("localhost"),
        1,
        &format!(
            "error: clients.currency_rate_service.host ({HOST}, environment): found \"localhost\", \
             expected a port after the host, as in `localhost:9001`\n"
        ),
    );
}

#[test]
fn a_host_that_is_not_set_is_named() {
    let project = Project::new();
    project.remove(".env");
    fails(
        &project.run([COMMAND, "TRYUSD"]),
        1,
        &format!(
            "error: {SERVICE} ({HOST}) has no host: FAILED_PRECONDITION: set {HOST} to host:port\n"
        ),
    );
}

#[test]
fn tls_to_a_port_without_it_is_a_question_about_tls() {
    let project = Project::new();
    let server = project.serve();
    let host = format!("https://{}", server.address);

    let ran = ask(&host).with_code(1);

    let start = format!("error: {SERVICE} at {host} ({HOST}) cannot be reached: UNAVAILABLE: ");
    assert!(ran.err.starts_with(&start), "{ran}");
    assert!(ran.err.ends_with("; does the server speak TLS?\n"), "{ran}");
    assert_eq!(ran.err.lines().count(), 1, "{ran}");
}

#[test]
fn a_status_of_the_server_is_told_in_its_words() {
    let project = Project::new();
    let server = project.serve();
    for ticker in ["TRY/USD", "", "TRY", "трюсдд"] {
        fails(
            &project.ask(&server, [COMMAND, ticker]),
            1,
            &format!(
                "error: {SERVICE} at {} ({HOST}) answered INVALID_ARGUMENT: \
                 ticker: found \"{ticker}\", expected six letters, such as \"TRYUSD\"\n",
                server.address
            ),
        );
    }
}

#[test]
fn a_missing_argument_is_named() {
    let ran = Project::new().run([COMMAND]);
    fails(
        &ran,
        2,
        "error: the following required arguments were not provided:\n  <TICKER>\n\n\
         Usage: app grpc:get-currency-rate <TICKER>\n\n\
         For more information, try '--help'.\n",
    );
}

#[test]
fn an_extra_argument_is_named() {
    let ran = Project::new().run([COMMAND, "TRYUSD", "EURUSD"]);
    fails(
        &ran,
        2,
        "error: unexpected argument 'EURUSD' found\n\n\
         Usage: app grpc:get-currency-rate [OPTIONS] <TICKER>\n\n\
         For more information, try '--help'.\n",
    );
}

#[test]
fn an_unknown_command_leads_to_a_known_one() {
    let project = Project::new();
    for (typed, hint) in [
        (
            "grpc:get-curency-rate",
            "did you mean `grpc:get-currency-rate`?",
        ),
        ("sevre", "did you mean `serve`?"),
        (
            "container",
            "the commands there are container:check, container:list",
        ),
        ("qwertyuiop", "`app list` shows every command"),
    ] {
        let line = format!("error: there is no command `{typed}`; {hint}\n");
        fails(&project.run([typed]), 2, &line);
        fails(&project.run(["help", typed]), 2, &line);
    }
}

#[test]
fn an_address_that_cannot_be_had_is_named_with_the_variable_that_sets_another() {
    let project = Project::new();
    project.write("notes.txt", "keep");
    let notes = format!("unix:{}", project.path("notes.txt").display());
    // A documentation address (RFC 5737), and a name that never exists (RFC 6761).
    for (listen, mend) in [
        (
            "192.0.2.1:9001",
            "no interface of this machine has this address; set APP_SERVER__LISTEN",
        ),
        (
            "nobody.invalid:9001",
            "the host name does not resolve; set APP_SERVER__LISTEN to an address such as 127.0.0.1:9001",
        ),
        (
            "unix:/nowhere/at/all.sock",
            "the directory does not exist; create it or set APP_SERVER__LISTEN",
        ),
        (
            &notes,
            "a file that is no socket has this name; remove it or set APP_SERVER__LISTEN",
        ),
    ] {
        let ran = Process::start(project.app(["serve"]).env("APP_SERVER__LISTEN", listen)).end();
        let said = format!("error: cannot listen on {listen} (`server.listen`): {mend}\n");
        fails(&ran, 1, &said);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = project.app(["serve"]);
    command.env("APP_SERVER__LISTEN", "127.0.0.1:0");
    let ran = Process::start(command.env("APP_SERVER__MANAGEMENT__LISTEN", &address)).end();
    fails(
        &ran,
        1,
        &format!(
            "error: cannot listen on {address} (`server.management.listen`): the address is in use; \
             stop the other process or set APP_SERVER__MANAGEMENT__LISTEN\n"
        ),
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_its_key() {
    let project = Project::new();
    let server = project.serve();
    let address = server.address.to_string();

    let ran = Process::start(project.app(["serve"]).env("APP_SERVER__LISTEN", &address)).end();

    fails(
        &ran,
        1,
        &format!(
            "error: cannot listen on {address} (`server.listen`): the address is in use; \
             stop the other process or set APP_SERVER__LISTEN\n"
        ),
    );
    let ran = project.ask(&server, [COMMAND, "TRYUSD"]);
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let project = Project::new();
    for arguments in [&["config:show"][..], &["list"], &["help", "serve"]] {
        let mut command = project.app(arguments);
        let output = command.stdout(full.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let start = "error: cannot write to standard output: No space left on device";
        assert!(said.starts_with(start), "{arguments:?}: {said}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let project = Project::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = project.app(["list"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"");
}
