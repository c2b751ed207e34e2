//! Whether the author of a broken configuration learns everything that is wrong with it, at once; and whether the commands
//! that do not need what is broken still work.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, geteuid};

use crate::support::{HOST, Process, Project, Server};

/// What `serve` complains of, one line for each thing.
fn complaints(project: &Project, variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = project.app(["serve"]);
    command.envs(variables.iter().copied());
    // Should `serve` start all the same, it does so on a port of its own, and is killed when the test is over.
    command.env("APP_SERVER__LISTEN", "127.0.0.1:0");
    let ran = Process::start(&mut command).end().with_code(1);
    assert_eq!(ran.out, "", "{ran}");
    ran.err.lines().map(str::to_owned).collect()
}

fn replace(project: &Project, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(project.path(path)).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    project.write(path, &text.replace(from, to));
}

#[test]
fn a_file_that_is_no_toml_is_named_with_line_and_column_and_not_repeated() {
    let project = Project::new();
    project.write("config/rates.toml", "# Rates.\nlowest = hunter2\n");
    assert_eq!(
        complaints(&project, &[]),
        ["error: config/rates.toml, line 2, column 10: invalid string, expected `\"`, `'`"]
    );
}

#[test]
fn a_host_with_a_password_is_refused_without_it() {
    let project = Project::new();
    let secret = "http://me:hunter2@localhost:9001";
    let ran = Process::start(project.app(["serve"]).env(HOST, secret))
        .end()
        .with_code(1);
    assert_eq!(
        ran.err,
        "error: clients.currency_rate_service.host (CURRENCY_RATE_SERVICE_HOST, environment): \
         found \"http://me:********@localhost:9001\", expected no user and password before the host\n"
    );
    let said = complaints(&project, &[("APP_SERVER__MANAGEMENT__LISTEN", secret)]).concat();
    assert!(
        said.contains("`http://me:********@localhost:9001` is no address"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn commands_that_need_no_rates_work_with_a_broken_rates_toml() {
    let project = Project::new();
    project.write("config/rates.toml", "lowest = = 3\n");
    complaints(&project, &[]);
    for command in [
        &["list"][..],
        &["help", "serve"],
        &["help"],
        &[],
        &["grpc:generate"],
        &["--version"],
    ] {
        let ran = project.run(command).with_code(0);
        assert!(!ran.err.contains("rates.toml"), "{command:?}: {ran}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let project = Project::new();
    project.write("config/rates.toml", "lowst = 70\nhighest = \"a lot\"\n");
    replace(
        &project,
        "config/server.toml",
        "drain_timeout = \"30s\"",
        "drain_timeout = 30",
    );
    project.write("config/teletry.toml", "format = \"json\"\n");
    project.write(".env", "APP_SRVER__WORKERS=2\n");

    let said = complaints(&project, &[("APP_SERVER__LIMITS__MAX_CONECTIONS", "1")]);

    let mut expected = [
        "error: APP_SRVER__WORKERS, .env: there is no config section `srver`; did you mean `server`?",
        "error: config/teletry.toml: there is no config section `teletry`; did you mean `telemetry`?",
        "error: server.drain_timeout (config/server.toml): found 30, \
         expected a duration with its unit, such as \"30s\" or \"250ms\"",
        "error: server.limits.max_conections (APP_SERVER__LIMITS__MAX_CONECTIONS, environment): \
         there is no such key; did you mean `max_connections`?",
        "error: rates.highest (config/rates.toml): found \"a lot\", expected a whole number from 0 to 4294967295",
        "error: rates.lowst (config/rates.toml): there is no such key; did you mean `lowest`?",
    ];
    let mut said = said;
    expected.sort_unstable();
    said.sort_unstable();
    assert_eq!(said, expected);
}

#[test]
fn a_value_that_its_section_refuses_is_named() {
    let project = Project::new();
    assert_eq!(
        complaints(&project, &[("APP_RATES__LOWEST", "80")]),
        [
            "error: rates.lowest (APP_RATES__LOWEST, environment): found 80, expected at most `highest`, which is 75"
        ]
    );
}

#[test]
fn a_deadline_that_no_call_can_have_is_named() {
    let project = Project::new();
    let said = complaints(
        &project,
        &[
            ("APP_SERVER__DEADLINE__DEFAULT", "5s"),
            ("APP_SERVER__DEADLINE__MAXIMUM", "1s"),
        ],
    );
    assert_eq!(
        said,
        [
            "error: server.deadline.maximum (APP_SERVER__DEADLINE__MAXIMUM, environment): \
             found \"1s\", expected at least `deadline.default`, which is 5s"
        ]
    );
    let said = complaints(&project, &[("APP_SERVER__DEADLINE__DEFAULT", "0s")]);
    assert_eq!(
        said,
        [
            "error: server.deadline.default (APP_SERVER__DEADLINE__DEFAULT, environment): \
             found \"0s\", expected more than zero, or \"none\""
        ]
    );
    let said = complaints(&project, &[("APP_SERVER__DEADLINE__DEFAULT", "5")]);
    assert_eq!(
        said,
        [
            "error: server.deadline.default (APP_SERVER__DEADLINE__DEFAULT, environment): \
             found \"5\", expected a duration with its unit, such as \"30s\" or \"250ms\", or \"none\""
        ]
    );
}

#[test]
fn a_table_for_a_method_is_for_one_that_is_served() {
    let table = |pattern: &str, table: &str| {
        let project = Project::new();
        let text = fs::read_to_string(project.path("config/server.toml")).unwrap();
        let text = format!("{text}\n[methods.\"{pattern}\"]\n{table}\n");
        project.write("config/server.toml", &text);
        complaints(&project, &[])
    };
    assert_eq!(
        table(
            "currency.CurrencyRateService/GetRat",
            "deadline.default = \"1s\""
        ),
        [
            "error: bootloader `GrpcServerBootloader` failed in boot",
            "  because `server.methods` has `currency.CurrencyRateService/GetRat`, which is no method that is served; \
             there are currency.CurrencyRateService/GetRate, grpc.health.v1.Health/Check, grpc.health.v1.Health/Watch; \
             did you mean `currency.CurrencyRateService/GetRate`?"
        ]
    );
    assert_eq!(
        table("currency.CurrencyRateService", "deadline.default = \"1s\""),
        [
            "error: server.methods.currency.CurrencyRateService (config/server.toml): expected `<package>.<Service>/<Method>`, \
             or `<package>.<Service>/*` for all of its methods"
        ]
    );
    assert_eq!(
        table(
            "currency.CurrencyRateService/*",
            "deadline.default = \"2s\"\ndeadline.maximum = \"1s\""
        ),
        [
            "error: server.methods (config/server.toml): found { currency.CurrencyRateService/* = \
             { compression = {}, deadline = { default = \"2s\", maximum = \"1s\" } } }, expected for `currency.CurrencyRateService/*` a `deadline.maximum` of at least `deadline.default`, which is 2s"
        ]
    );
    assert_eq!(
        table("currency.CurrencyRateService/*", "deadlin.default = \"2s\""),
        [
            "error: server.methods.currency.CurrencyRateService/*.deadlin (config/server.toml): \
             there is no such key; did you mean `deadline`?"
        ]
    );
    // The table of a method is over that of its service.
    let project = Project::new();
    let text = fs::read_to_string(project.path("config/server.toml")).unwrap();
    let tables = "\n[methods.\"currency.CurrencyRateService/*\"]\ndeadline.default = \"10s\"\n\
                  [methods.\"currency.CurrencyRateService/GetRate\"]\ndeadline.maximum = \"5s\"\n";
    project.write("config/server.toml", &format!("{text}{tables}"));
    let said = complaints(&project, &[]).join("\n");
    assert!(
        said.contains(
            "for `currency.CurrencyRateService/GetRate` a `deadline.maximum` of at least"
        ),
        "{said}"
    );
}

#[test]
fn a_bare_number_is_no_duration_and_no_size() {
    let project = Project::new();
    let variables = [
        ("APP_APP__BOOT_TIMEOUT", "60"),
        ("APP_SERVER__LIMITS__MAX_SEND_MESSAGE", "4194304"),
    ];
    let said = complaints(&project, &variables).join("\n");
    assert!(
        said.contains("app.boot_timeout (APP_APP__BOOT_TIMEOUT, environment): found \"60\""),
        "{said}"
    );
    assert!(
        said.contains("expected a size with its unit, such as \"4MiB\" or \"64KiB\""),
        "{said}"
    );
}

const YEARS: &str = "a duration of at most \"100y\"";
const MESSAGE: &str = "a size of at most \"2GiB\"";
const HEADERS: &str = "a size of at most \"16MiB\"";
const WORKERS: &str = "a whole number from 0 to 1024";
const NUMBER: &str = "a whole number from 0 to 4294967295";
const POSITIVE: &str = "a whole number from 1 to 4294967295";

#[test]
fn a_value_that_is_too_large_is_refused_with_its_bound() {
    const AGES: &str = "\"292277024627y\"";
    const CLIENT: &str = "clients.currency_rate_service";
    let limits = [
        ("max_receive_message", "\"15EiB\"", MESSAGE),
        ("max_send_message", "\"18446744073709551615B\"", MESSAGE),
        ("max_header_list_size", "\"4294967295B\"", HEADERS),
        ("max_connections", "4294967296", NUMBER),
        ("max_connections_per_address", "4294967296", NUMBER),
        ("max_pending_reset_streams", "4294967296", NUMBER),
        ("max_local_error_reset_streams", "4294967296", NUMBER),
        ("max_concurrent_streams", "4294967296", POSITIVE),
    ];
    let limits = limits.map(|(key, value, right)| (format!("server.limits.{key}"), value, right));
    let others = [
        ("app.boot_timeout".to_owned(), AGES, YEARS),
        ("app.shutdown_timeout".to_owned(), AGES, YEARS),
        (format!("{CLIENT}.deadline"), AGES, YEARS),
        (format!("{CLIENT}.connect_timeout"), AGES, YEARS),
        (format!("{CLIENT}.max_receive_message"), "\"3GiB\"", MESSAGE),
        ("rates.lowest".to_owned(), "4294967296", NUMBER),
        ("server.drain_timeout".to_owned(), AGES, YEARS),
        ("server.tls.reload_interval".to_owned(), AGES, YEARS),
        ("server.timeouts.first_byte".to_owned(), AGES, YEARS),
        ("server.timeouts.handshake".to_owned(), AGES, YEARS),
        ("server.timeouts.keepalive.interval".to_owned(), AGES, YEARS),
        ("server.timeouts.keepalive.timeout".to_owned(), AGES, YEARS),
        ("server.workers".to_owned(), "4294967295", WORKERS),
    ];
    let project = Project::new();
    let values: Vec<_> = limits.into_iter().chain(others).collect();
    let variables: Vec<(String, &str)> = values
        .iter()
        .map(|(key, value, _)| {
            let name = key.to_uppercase().replace('.', "__");
            (format!("APP_{name}"), value.trim_matches('"'))
        })
        .collect();
    let set: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (&**name, *value))
        .collect();

    let mut said = complaints(&project, &set);

    let mut expected: Vec<String> = values
        .iter()
        .zip(&variables)
        .map(|((key, found, right), (name, _))| {
            format!("error: {key} ({name}, environment): found {found}, expected {right}")
        })
        .collect();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
}

#[test]
fn a_number_that_no_type_holds_and_a_zero_where_there_must_be_one_are_refused_with_the_bounds() {
    let huge = "340282366920938463463374607431768211456";
    let variables = [
        ("APP_SERVER__WORKERS", huge),
        ("APP_SERVER__LIMITS__MAX_CONCURRENT_STREAMS", "0"),
    ];
    assert_eq!(
        complaints(&Project::new(), &variables),
        [
            format!(
                "error: server.limits.max_concurrent_streams (APP_SERVER__LIMITS__MAX_CONCURRENT_STREAMS, environment): \
                 found 0, expected {POSITIVE}"
            ),
            format!(
                "error: server.workers (APP_SERVER__WORKERS, environment): found \"{huge}\", expected {WORKERS}"
            ),
        ]
    );
}

#[test]
fn a_server_with_the_largest_values_answers_and_stops() {
    let project = Project::new();
    let largest = [
        "app.boot_timeout=100y",
        "app.shutdown_timeout=100y",
        "server.drain_timeout=100y",
        "server.tls.reload_interval=100y",
        "server.timeouts.first_byte=100y",
        "server.timeouts.handshake=100y",
        "server.timeouts.keepalive.interval=100y",
        "server.timeouts.keepalive.timeout=100y",
        "clients.currency_rate_service.deadline=100y",
        "clients.currency_rate_service.connect_timeout=100y",
        "clients.currency_rate_service.max_receive_message=2GiB",
        "server.limits.max_receive_message=2GiB",
        "server.limits.max_send_message=2GiB",
        "server.limits.max_header_list_size=16MiB",
        "server.limits.max_connections=4294967295",
        "server.limits.max_connections_per_address=4294967295",
        "server.limits.max_pending_reset_streams=4294967295",
        "server.limits.max_local_error_reset_streams=4294967295",
        "server.limits.max_concurrent_streams=4294967295",
    ];
    let flags: Vec<&str> = largest.iter().flat_map(|value| ["--set", value]).collect();
    let mut command = project.app(["serve"]);
    command
        .args(&flags)
        .env("APP_SERVER__LISTEN", "127.0.0.1:0");
    let server = Server::start(&mut command);

    let mut command = project.app(["grpc:get-currency-rate", "TRYUSD"]);
    command.args(&flags).env(HOST, server.address.to_string());
    let ran = Process::start(&mut command).end().with_code(0);
    assert!(ran.out.starts_with("TRYUSD: "), "{ran}");
    let address = server.address.to_string();
    project
        .run(["health", "--address", &address, "--timeout", "100y"])
        .with_code(0);

    server.process.signal(Signal::TERM);
    let ran = server.process.end().with_code(0);
    assert!(!ran.err.contains("panicked"), "{ran}");
}

#[test]
fn a_project_without_config_is_not_a_project() {
    let project = Project::new();
    project.remove("config");
    assert_eq!(
        complaints(&project, &[]),
        [
            "error: no config directory at config: run from the project's root, or name it with --config"
        ]
    );
    project.run(["list"]).with_code(0);
    project.run(["help", "serve"]).with_code(0);
}

#[test]
fn an_env_file_that_cannot_be_read_is_named() {
    let project = Project::new();
    project.remove(".env");
    fs::create_dir(project.path(".env")).unwrap();
    assert_eq!(
        complaints(&project, &[]),
        ["error: cannot read .env: Is a directory (os error 21)"]
    );
    project.run(["list"]).with_code(0);
}

#[test]
fn a_line_that_is_no_variable_is_named() {
    let project = Project::new();
    project.write(".env", "APP_ENV=local\nHOST OF RATES\n");
    assert_eq!(
        complaints(&project, &[]),
        ["error: .env, line 2: expected NAME=value, with quotes around a value that holds spaces"]
    );
}

#[test]
fn a_secret_full_of_dollars_reaches_its_key_whole() {
    let secret = "H$ello$%World^$&x${HOME}";
    let project = Project::new();
    project.write(".env", &format!("P=\"{secret}\"\n"));
    project.write("config/grpc.toml", "generated = \"${P}\"\n");
    let mut command = project.app(["config:show", "grpc"]);
    command.envs([("ello", "wrong"), ("World", "wrong"), ("HOME", "wrong")]);
    let ran = Process::start(&mut command).end().with_code(0);
    assert!(ran.out.contains(&format!(" \"{secret}\" ")), "{ran}");
}

#[test]
fn a_file_that_begins_with_a_byte_order_mark_is_read() {
    let project = Project::new();
    project.write(".env", "\u{feff}HIGHEST=80\n");
    project.write(
        "config/rates.toml",
        "\u{feff}lowest = 70\nhighest = '${HIGHEST}'\n",
    );
    let ran = project.run(["config:show", "rates"]).with_code(0);
    assert!(ran.out.contains("80"), "{ran}");
}

#[test]
fn a_variable_that_is_no_utf_8_is_an_error_where_it_is_used_and_nowhere_else() {
    let project = Project::new();
    replace(
        &project,
        "config/grpc.toml",
        "\"generated\"",
        "\"${PLACE}\"",
    );
    let no_text = OsStr::from_bytes(b"a\xff");
    let mut command = project.app(["serve"]);
    command
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("NOBODY_USES_IT", no_text)
        .env(no_text, "nor that")
        .env("APP_", no_text);
    for name in ["APP_APP__BOOT_TIMEOUT", HOST, "PLACE"] {
        command.env(name, no_text);
    }
    command.env(OsStr::from_bytes(b"APP_SERVER__W\xffRKERS"), "1");
    let ran = Process::start(&mut command).end().with_code(1);
    let mut said: Vec<&str> = ran.err.lines().collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "error: APP_SERVER__W\\xffRKERS, environment: found a name that is not UTF-8, and nothing is called so",
            "error: app.boot_timeout (APP_APP__BOOT_TIMEOUT, environment): found bytes that are not UTF-8, expected text",
            "error: clients.currency_rate_service.host (CURRENCY_RATE_SERVICE_HOST, environment): \
             found bytes that are not UTF-8, expected text",
            "error: grpc.generated (config/grpc.toml): the variable PLACE holds bytes that are not UTF-8, expected text",
        ]
    );
}

#[test]
fn an_environment_whose_name_is_no_utf_8_is_not_taken_for_local() {
    let project = Project::new();
    let name = OsStr::from_bytes(b"prod\xff");
    let mut command = project.app(["serve"]);
    command
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("APP_ENV", name);
    let ran = Process::start(&mut command).end().with_code(1);
    assert_eq!(
        ran.err,
        "error: APP_ENV, environment: found bytes that are not UTF-8, expected text\n"
    );
    let mut command = project.app(["config:show", "rates", "--env", "production"]);
    Process::start(command.env("APP_ENV", name))
        .end()
        .with_code(0);
}

#[test]
fn one_underscore_for_two_is_not_passed_over() {
    let project = Project::new();
    assert_eq!(
        complaints(&project, &[("APP_SERVER_WORKERS", "2"), ("APP_NAME", "x")]),
        [
            "error: APP_SERVER_WORKERS, environment: two underscores part a section from its key; did you mean \
             APP_SERVER__WORKERS?"
        ]
    );
}

/// What Kubernetes sets in a pod for a Service `app-server` in its namespace.
const SERVICE_LINKS: [(&str, &str); 8] = [
    ("APP_SERVER_SERVICE_HOST", "10.0.0.11"),
    ("APP_SERVER_SERVICE_PORT", "80"),
    ("APP_SERVER_SERVICE_PORT_GRPC", "80"),
    ("APP_SERVER_PORT", "tcp://10.0.0.11:80"),
    ("APP_SERVER_PORT_80_TCP", "tcp://10.0.0.11:80"),
    ("APP_SERVER_PORT_80_TCP_PROTO", "tcp"),
    ("APP_SERVER_PORT_80_TCP_PORT", "80"),
    ("APP_SERVER_PORT_80_TCP_ADDR", "10.0.0.11"),
];

#[test]
fn a_service_that_is_named_like_a_section_stops_nobody_and_is_told_of_under_v() {
    let project = Project::new();
    let serve = |arguments: &[&str]| {
        let mut command = project.app(arguments);
        command
            .envs(SERVICE_LINKS)
            .env("APP_SERVER__LISTEN", "127.0.0.1:0");
        let server = Server::start(&mut command);
        server.process.signal(Signal::TERM);
        server.process.end().with_code(0)
    };
    let quiet = serve(&["serve"]);
    let verbose = serve(&["serve", "-v"]);
    for (name, _) in SERVICE_LINKS {
        let line = format!("{name} is Kubernetes' link to a Service, and no config key");
        assert!(
            verbose.err.lines().any(|said| said.ends_with(&line)),
            "{verbose}"
        );
        assert!(!quiet.err.contains(name), "{quiet}");
    }
}

#[test]
fn a_mistyped_key_beside_the_links_of_a_service_is_not_passed_over() {
    let variables = [
        &SERVICE_LINKS[..],
        &[("APP_SERVER_LISTEN", "127.0.0.1:9002")],
    ]
    .concat();
    assert_eq!(
        complaints(&Project::new(), &variables),
        [
            "error: APP_SERVER_LISTEN, environment: two underscores part a section from its key; did you mean \
             APP_SERVER__LISTEN?"
        ]
    );
}

#[test]
fn a_value_is_not_held_against_a_default_that_stands_in_for_a_wrong_one() {
    let project = Project::new();
    project.write("config/rates.toml", "lowest = 80\nhighest = \"90.5\"\n");
    assert_eq!(
        complaints(&project, &[]),
        [
            "error: rates.highest (config/rates.toml): found \"90.5\", expected a whole number from 0 to 4294967295"
        ]
    );
}

/// A user who owns nothing here, as in a container that runs as one.
const STRANGER: u32 = 65533;

/// What `serve` complains of as somebody who may not read `closed`. Only root can be somebody else.
fn complaints_of_a_stranger(project: &Project, closed: &str) -> (Vec<String>, u32, u32) {
    // A copy that everybody can reach, wherever the original is.
    let binary = project.path("app");
    // By another process: a file that this one writes may still be open in the child of another test, and is "busy" then.
    let mut copying = Command::new("cp");
    copying.arg(env!("CARGO_BIN_EXE_app")).arg(&binary);
    Process::start(&mut copying).end().with_code(0);
    fs::set_permissions(project.path(""), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(project.path(closed), Permissions::from_mode(0o000)).unwrap();
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .current_dir(project.path(""))
        .env_clear()
        .env("APP_SERVER__LISTEN", "127.0.0.1:0");
    let owner = geteuid().as_raw();
    let user = if owner == 0 { STRANGER } else { owner };
    if user != owner {
        command.uid(user).gid(user);
    }
    let ran = Process::start(&mut command).end().with_code(1);
    // So that the project can be removed by its owner.
    fs::set_permissions(project.path(closed), Permissions::from_mode(0o700)).unwrap();
    let said = ran.err.lines().map(str::to_owned).collect();
    (said, user, owner)
}

/// What a closed file is told to need: to be opened to this user, and not to everybody.
fn closed_file(path: &str, user: u32, owner: u32) -> String {
    format!(
        "error: cannot read {path}: this process, which runs as user id {user}, may not read it; give it to that user \
         (chown {user}), or make it readable by a group of theirs (chmod g+r); it belongs to user id {owner} with mode 0"
    )
}

#[test]
fn a_file_of_another_user_is_named_with_both_users_and_what_lets_it_in() {
    let (said, user, owner) = complaints_of_a_stranger(&Project::new(), "config/rates.toml");
    assert_eq!(said, [closed_file("config/rates.toml", user, owner)]);
}

#[test]
fn a_directory_of_another_user_is_named_once_and_not_with_every_file_in_it() {
    let (said, user, owner) = complaints_of_a_stranger(&Project::new(), "config");
    assert_eq!(
        said,
        [format!(
            "error: cannot read config: this process, which runs as user id {user}, may not enter the directory `config`; \
             let it (chmod a+x); it belongs to user id {owner} with mode 0"
        )]
    );
}

#[test]
fn an_env_file_of_another_user_is_named_too() {
    let (said, user, owner) = complaints_of_a_stranger(&Project::new(), ".env");
    assert_eq!(said, [closed_file(".env", user, owner)]);
}
