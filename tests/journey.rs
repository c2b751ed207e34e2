//! What a developer sees who does everything right.

use std::fs;

use crate::disk::files;
use crate::support::Project;

#[test]
fn the_command_prints_what_the_server_answers() {
    let project = Project::new();
    let server = project.serve();

    let ran = project
        .ask(&server, ["grpc:get-currency-rate", "TRYUSD"])
        .with_code(0);

    let rates: Vec<String> = (70..=75)
        .map(|rate| format!("TRYUSD: {rate}.00\n"))
        .collect();
    assert!(rates.contains(&ran.out), "{ran}");
    assert_eq!(ran.err, "");
}

#[test]
fn a_ticker_in_lower_case_is_answered_in_upper_case() {
    let project = Project::new();
    let server = project.serve();

    let ran = project
        .ask(&server, ["grpc:get-currency-rate", "tryusd"])
        .with_code(0);

    assert!(ran.out.starts_with("TRYUSD: 7"), "{ran}");
}

#[test]
fn without_arguments_the_commands_are_listed_by_namespace() {
    let project = Project::new();

    let ran = project.run::<&str>([]).with_code(0);

    assert!(
        ran.out.starts_with("currency-rate 0.1.0 (local)\n"),
        "{ran}"
    );
    let (_, commands) = ran.out.split_once("\nCommands\n").unwrap();
    let (_, grpc) = commands.split_once("\n grpc\n").unwrap();
    let line = "  grpc:get-currency-rate  Ask the server for the rate of a currency pair\n";
    assert!(commands.contains("\n  serve "), "{ran}");
    assert!(grpc.contains(line), "{ran}");
    assert_eq!(ran.err, "");
    assert_eq!(project.run(["list"]), ran);
}

#[test]
fn every_command_has_a_page_of_help() {
    let project = Project::new();
    let list = project.run(["list"]).with_code(0).out;
    let (_, commands) = list.split_once("\nCommands\n").unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 8, "{list}");
    for name in names {
        let page = project.run(["help", name]).with_code(0);
        assert!(page.out.contains(&format!("Usage: app {name}")), "{page}");
        assert_eq!(page, project.run([name, "--help"]), "{name}");
    }
}

#[test]
fn fresh_code_is_left_alone() {
    let project = Project::new();
    let before = files(&project.path("generated"));

    let ran = project.run(["grpc:generate"]).with_code(0);

    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("", "generated/ was fresh already\n")
    );
    let ran = project.run(["grpc:generate", "--check"]).with_code(0);
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("", "generated/ is fresh\n")
    );
    assert!(before.len() >= 5);
    assert_eq!(files(&project.path("generated")), before);
}

#[test]
fn code_that_was_touched_is_listed_and_mended() {
    let project = Project::new();
    let before = files(&project.path("generated"));
    project.write("generated/currency.rs", "// by hand\n");
    project.write("generated/extra.rs", "// by hand\n");
    project.remove("generated/config.rs");

    let check = project.run(["grpc:generate", "--check"]).with_code(1);
    let mend = project.run(["grpc:generate"]).with_code(0);

    assert_eq!(
        check.out,
        "generated/config.rs: missing\ngenerated/currency.rs: differs\ngenerated/extra.rs: stale\n"
    );
    assert_eq!(
        check.err,
        "error: generated/ is not what the contracts say: run `grpc:generate`\n"
    );
    assert_eq!(
        mend.out,
        "created generated/config.rs\nchanged generated/currency.rs\nremoved generated/extra.rs\n"
    );
    assert_eq!(files(&project.path("generated")), before);
}

#[test]
fn deleted_code_comes_back() {
    let project = Project::new();
    let before = files(&project.path("generated"));
    project.remove("generated");

    let check = project.run(["grpc:generate", "--check"]).with_code(1);
    assert_eq!(
        check.out.matches(": missing\n").count(),
        before.len(),
        "{check}"
    );
    assert!(!project.path("generated").exists());

    project.run(["grpc:generate"]).with_code(0);
    assert_eq!(files(&project.path("generated")), before);
}

#[test]
fn a_second_contract_gets_an_interface_and_a_host_of_its_own() {
    let project = Project::new();
    project.write(
        "proto/metals/service.proto",
        "syntax = \"proto3\";\npackage metals;\nmessage Ask {}\nmessage Price {}\n\
         service MetalService {\n  rpc GetPrice (Ask) returns (stream Price) {}\n}\n",
    );
    let listed = "services = [\"proto/*/service.proto\"]\n";
    project.write("config/grpc.toml", listed);

    project.run(["grpc:generate"]).with_code(0);

    let read = |path| fs::read_to_string(project.path(path)).unwrap();
    assert!(read("generated/metals.rs").contains("pub trait MetalServiceInterface"));
    assert!(read("generated/config.rs").contains("\"METAL_SERVICE_HOST\""));
    project.run(["grpc:generate", "--check"]).with_code(0);
}
