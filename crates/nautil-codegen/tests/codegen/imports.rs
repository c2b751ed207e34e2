//! What an import means, and what a file is called.

use nautil_codegen::{Error, Options, generate};

use crate::descriptors::{files, pool};
use crate::project::{Project, assert_code, paths};

/// Two directories that both have a `message.proto`, and a service that imports it.
fn twins() -> Project {
    let mut project = Project::new();
    for name in ["user", "currency"] {
        let message = format!(
            "syntax = 'proto3'; package {name}.dto; message Message {{ string {name} = 1; }}"
        );
        let service = format!(
            "syntax = 'proto3'; package {name}; import 'message.proto';
             service Service {{ rpc Get ({name}.dto.Message) returns ({name}.dto.Message); }}"
        );
        project = project
            .with(&format!("proto/{name}/message.proto"), &message)
            .with(&format!("proto/{name}/service.proto"), &service);
    }
    project
}

#[test]
fn two_files_of_one_name_in_two_directories_are_two_files() {
    let generated = twins().generate(&["proto/**/*.proto"]);

    assert_eq!(
        files(&generated),
        [
            "proto/currency/message.proto",
            "proto/currency/service.proto",
            "proto/user/message.proto",
            "proto/user/service.proto"
        ]
    );
    let pool = pool(&generated);
    for name in ["user", "currency"] {
        let service = pool
            .get_file_by_name(&format!("proto/{name}/service.proto"))
            .unwrap();
        let imports: Vec<_> = service
            .dependencies()
            .map(|file| file.name().to_owned())
            .collect();
        assert_eq!(imports, [format!("proto/{name}/message.proto")]);
        assert_code(
            &generated,
            &format!("{name}/dto.rs"),
            &format!("pub {name}: ::nautil::prost"),
        );
    }
}

#[test]
fn an_import_from_the_root_finds_the_files_that_are_beside_the_imported_one() {
    let project = twins().with(
        "proto/user/all.proto",
        "syntax = 'proto3'; package all; import 'proto/currency/service.proto'; import 'proto/currency/message.proto';
         message All { currency.dto.Message message = 1; }",
    );
    let generated = project.generate(&["proto/user/all.proto"]);
    assert_eq!(
        files(&generated),
        [
            "proto/currency/message.proto",
            "proto/currency/service.proto",
            "proto/user/all.proto"
        ]
    );
}

#[test]
fn an_imported_file_may_import_from_the_directory_of_the_listed_one() {
    let project = Project::new()
        .with(
            "proto/main.proto",
            "syntax = 'proto3'; import 'inner/middle.proto';",
        )
        .with(
            "proto/inner/middle.proto",
            "syntax = 'proto3'; import 'base.proto';",
        )
        .with("proto/base.proto", "syntax = 'proto3'; message Base {}");
    let generated = project.generate(&["proto/main.proto"]);
    assert_eq!(
        files(&generated),
        [
            "proto/base.proto",
            "proto/inner/middle.proto",
            "proto/main.proto"
        ]
    );
}

#[test]
fn further_directories_come_before_the_root() {
    let project = Project::new()
        .with(
            "proto/a.proto",
            "syntax = 'proto3'; import 'base.proto'; message A { Base base = 1; }",
        )
        .with(
            "third_party/base.proto",
            "syntax = 'proto3'; message Base {}",
        )
        .with("base.proto", "syntax = 'proto3'; message Wrong {}");
    let options = Options {
        imports: vec!["third_party".to_owned()],
        ..project.options(&["proto/*.proto"])
    };
    let generated = generate(&options).unwrap();
    assert_eq!(
        files(&generated),
        ["proto/a.proto", "third_party/base.proto"]
    );
}

#[test]
fn a_contract_beside_the_project_has_a_name_without_the_machine() {
    let project = Project::new().with("contracts/a.proto", "syntax = 'proto3'; message A {}");
    let options = Options {
        root: project.path("app"),
        ..project.options(&["../contracts/a.proto"])
    };
    assert_eq!(files(&generate(&options).unwrap()), ["contracts/a.proto"]);
}

#[test]
fn well_known_types_keep_their_names_and_are_the_frameworks() {
    let project = Project::new().with(
        "proto/a.proto",
        "syntax = 'proto3'; package a; import 'google/protobuf/timestamp.proto'; import 'google/protobuf/empty.proto';
         message A { google.protobuf.Timestamp at = 1; }
         service S { rpc Get (google.protobuf.Empty) returns (A); }",
    );
    let generated = project.generate(&["proto/*.proto"]);
    assert_eq!(
        files(&generated),
        [
            "google/protobuf/empty.proto",
            "google/protobuf/timestamp.proto",
            "proto/a.proto"
        ]
    );
    assert!(!paths(&generated).iter().any(|path| path.contains("google")));
    assert_code(
        &generated,
        "a.rs",
        "pub at: ::core::option::Option<::nautil::prost_types::Timestamp>",
    );
    assert_code(&generated, "a.rs", "request: ::nautil::grpc::Request<()>");
}

#[test]
fn a_copy_of_a_well_known_file_in_the_tree_is_no_second_definition() {
    let project = Project::new()
        .with(
            "proto/google/protobuf/empty.proto",
            "syntax = 'proto3'; package google.protobuf; message Empty {}",
        )
        .with(
            "proto/a.proto",
            "syntax = 'proto3'; import 'google/protobuf/empty.proto'; message A { google.protobuf.Empty e = 1; }",
        );
    let generated = project.generate(&["proto/**/*.proto"]);
    assert_eq!(
        files(&generated),
        ["google/protobuf/empty.proto", "proto/a.proto"]
    );
}

#[test]
fn one_symbol_in_two_files_is_an_error_that_names_both() {
    let message = "syntax = 'proto3'; package shop; message Item {}";
    let project = Project::new()
        .with("proto/a/item.proto", message)
        .with("proto/b/item.proto", message);
    let error = project.try_generate(&["proto/**/*.proto"]).unwrap_err();
    assert!(matches!(error, Error::DuplicateSymbol { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "`shop.Item` is defined twice, in `proto/a/item.proto` and in `proto/b/item.proto`"
    );
}

#[test]
fn an_imported_service_is_a_contract_without_a_client() {
    let generated = twins().generate(&["proto/user/service.proto"]);
    assert_code(
        &generated,
        "config.rs",
        "pub struct ClientsConfig { /// `user.Service`.\n pub service: ",
    );

    let project = twins().with(
        "proto/all.proto",
        "syntax = 'proto3'; package all; import 'proto/user/service.proto'; message All {}",
    );
    let generated = project.generate(&["proto/all.proto"]);
    assert_code(&generated, "config.rs", "pub struct ClientsConfig {}");
    assert!(
        pool(&generated)
            .get_service_by_name("user.Service")
            .is_some()
    );
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_contract_is_skipped() {
    let project = Project::new()
        .with(
            "proto/a.proto",
            "\u{feff}syntax = 'proto3';\nimport 'b.proto';\nmessage A { B b = 1; }\n",
        )
        .with(
            "proto/b.proto",
            "\u{feff}// B\nsyntax = 'proto3';\nmessage B {}\n",
        );
    let generated = project.generate(&["proto/a.proto"]);
    assert_eq!(files(&generated), ["proto/a.proto", "proto/b.proto"]);

    let wrong = Project::new().with("proto/a.proto", "\u{feff}import 'c.proto';\n");
    let complaint = wrong.complaint(&["proto/a.proto"]);
    assert!(
        complaint.contains(" --> proto/a.proto:1:1\n"),
        "{complaint}"
    );
    assert!(!complaint.contains('\u{feff}'), "{complaint}");
}
