//! Whether the author of a contract learns what is wrong with it, and `generated/` stays as it was.

use std::fs;

use crate::disk::files;
use crate::support::Project;

const CONTRACT: &str = "proto/currency/service.proto";

/// What `grpc:generate` says, with and without `--check`; it is the same, and changes nothing.
#[track_caller]
fn complaint(project: &Project) -> String {
    let before = files(&project.path("generated"));
    assert!(before.len() >= 5);
    let check = project.run(["grpc:generate", "--check"]).with_code(1);
    let ran = project.run(["grpc:generate"]).with_code(1);
    assert_eq!(ran, check);
    assert_eq!(ran.out, "");
    assert_eq!(files(&project.path("generated")), before);
    let beside = fs::read_dir(project.path(".")).unwrap();
    let scratch = beside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".generated-")
    });
    assert_eq!(scratch.count(), 0, "something is left beside generated/");
    ran.err
}

fn replace(project: &Project, from: &str, to: &str) {
    let text = fs::read_to_string(project.path(CONTRACT)).unwrap();
    assert!(text.contains(from), "the contract has no {from}");
    project.write(CONTRACT, &text.replace(from, to));
}

#[test]
fn a_contract_that_is_not_there_is_named() {
    let project = Project::new();
    project.remove(CONTRACT);
    let said = complaint(&project);
    assert!(said.starts_with("error: no file `"), "{said}");
    assert!(
        said.ends_with(&format!("/{CONTRACT}`: `services` lists `{CONTRACT}`\n")),
        "{said}"
    );
}

#[test]
fn a_slip_of_the_pen_is_shown_with_its_line_and_a_caret() {
    let project = Project::new();
    replace(&project, "rpc GetRate", "rpc");
    let said = complaint(&project);
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("error: expected an identifier"),
        "{said}"
    );
    assert_eq!(
        lines[1..5],
        [
            "  --> proto/currency/service.proto:12:7",
            "   |",
            "12 |   rpc (currency.dto.GetRateRequest) returns (currency.dto.CurrencyRateResponse) {",
            "   |       ^ found here",
        ],
        "{said}"
    );
}

#[test]
fn an_import_that_is_not_there_is_shown_with_where_it_was_looked_for() {
    let project = Project::new();
    replace(&project, "message.proto", "mesage.proto");
    assert_eq!(
        complaint(&project),
        "error: import `mesage.proto` not found\n\
         \x20--> proto/currency/service.proto:9:1\n\
         \x20 |\n\
         9 | import \"mesage.proto\";\n\
         \x20 | ^^^^^^^^^^^^^^^^^^^^^^\n\
         help: looked in `proto/currency`, the project root; add a directory with `imports`\n"
    );
}

#[test]
fn an_unknown_message_is_shown_where_it_is_used() {
    let project = Project::new();
    replace(&project, "GetRateRequest", "GetRatRequest");
    let said = complaint(&project);
    assert!(
        said.contains("'currency.dto.GetRatRequest', which is not defined\n"),
        "{said}"
    );
    assert!(
        said.contains("\n  --> proto/currency/service.proto:12:16\n"),
        "{said}"
    );
}

#[test]
fn a_glob_that_matches_nothing_is_an_error() {
    let project = Project::new();
    project.write("config/grpc.toml", "services = [\"proto/*.proto\"]\n");
    assert_eq!(
        complaint(&project),
        "error: `proto/*.proto` in `services` matches no .proto file\n"
    );
}

#[test]
fn a_runtime_that_is_none_is_an_error_that_names_both() {
    let project = Project::new();
    let listed = "services = [\"proto/currency/service.proto\"]";
    for (found, hint) in [
        ("nautil_grpc", "; did you mean `nautil-grpc`?"),
        ("tonic", ""),
    ] {
        project.write(
            "config/grpc.toml",
            &format!("{listed}\nruntime = \"{found}\"\n"),
        );
        assert_eq!(
            complaint(&project),
            format!(
                "error: grpc.runtime (config/grpc.toml): found {found:?}, expected \"nautil\" or \"nautil-grpc\"{hint}\n"
            )
        );
    }
}

#[test]
fn a_list_of_no_contracts_is_an_error() {
    let project = Project::new();
    project.write("config/grpc.toml", "services = []\n");
    let said = complaint(&project);
    assert!(
        said.contains("list a .proto in `services` of config/grpc.toml"),
        "{said}"
    );
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_contract_changes_nothing() {
    let project = Project::new();
    let text = fs::read_to_string(project.path(CONTRACT)).unwrap();
    project.write(CONTRACT, &format!("\u{feff}{text}"));
    let ran = project.run(["grpc:generate", "--check"]).with_code(0);
    assert_eq!(ran.err, "generated/ is fresh\n");
}
