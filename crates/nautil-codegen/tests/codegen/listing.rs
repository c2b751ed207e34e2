//! The entries of `services`.

use nautil_codegen::{Error, Options, generate};

use crate::project::{Project, paths};

const EMPTY: &str = "syntax = 'proto3';";

#[test]
fn a_file_that_two_entries_reach_is_generated_once() {
    let project = Project::article();
    let once = project.generate(&["proto/currency/service.proto"]);
    let often = project.generate(&[
        "proto/**/*.proto",
        "proto/currency/service.proto",
        "./proto/../proto/currency/*.proto",
    ]);
    assert_eq!(once, often);
}

#[test]
fn the_order_of_the_entries_does_not_matter() {
    let project = Project::article();
    let (message, service) = (
        "proto/currency/message.proto",
        "proto/currency/service.proto",
    );
    assert_eq!(
        project.generate(&[message, service]),
        project.generate(&[service, message])
    );
}

#[test]
fn a_star_stays_in_its_directory() {
    let project = Project::new()
        .with(
            "proto/a.proto",
            "syntax = 'proto3'; package a; message A {}",
        )
        .with(
            "proto/inner/b.proto",
            "syntax = 'proto3'; package b; message B {}",
        );
    assert!(!paths(&project.generate(&["proto/*.proto"])).contains(&"b.rs"));
    assert!(paths(&project.generate(&["proto/**/*.proto"])).contains(&"b.rs"));
}

#[test]
fn a_glob_passes_over_files_that_are_no_contracts() {
    let project = Project::new()
        .with("proto/a.proto", EMPTY)
        .with("proto/README.md", "read me");
    project.generate(&["proto/*"]);
}

#[test]
fn a_root_with_a_bracket_in_its_name_is_no_glob() {
    let project = Project::new().with("my [app]/proto/a.proto", EMPTY);
    let options = Options {
        root: project.path("my [app]"),
        ..project.options(&["proto/*.proto"])
    };
    generate(&options).unwrap();
}

#[test]
fn a_missing_file_is_named_with_its_entry() {
    let project = Project::article();
    let complaint = project.complaint(&["proto/currency/*.proto", "proto/./currncy/service.proto"]);
    assert_eq!(
        complaint,
        "no file `proto/currncy/service.proto`: `services` lists `proto/./currncy/service.proto`"
    );
}

#[test]
fn a_glob_that_matches_nothing_is_an_error() {
    let project = Project::new().with("proto/README.md", "read me");
    for entry in ["proto/**/*.proto", "proto/*"] {
        let error = project.try_generate(&[entry]).unwrap_err();
        assert!(
            matches!(&error, Error::GlobMatchesNothing { .. }),
            "{error:?}"
        );
        assert_eq!(
            error.to_string(),
            format!("`{entry}` in `services` matches no .proto file")
        );
    }
}

#[test]
fn a_directory_is_an_error_that_says_what_to_list() {
    assert_eq!(
        Project::article().complaint(&["proto/currency/"]),
        "`proto/currency/` in `services` is a directory: list its files, as in `proto/currency/*.proto`"
    );
}

#[test]
fn a_broken_glob_is_an_error() {
    let error = Project::article()
        .try_generate(&["proto/[.proto"])
        .unwrap_err();
    assert!(matches!(error, Error::Glob { .. }), "{error:?}");
}

#[test]
fn a_directory_of_imports_that_is_missing_is_an_error() {
    let project = Project::article();
    let options = Options {
        imports: vec!["thrd_party".to_owned()],
        ..project.options(&["proto/**/*.proto"])
    };
    let error = generate(&options).unwrap_err();
    assert!(
        matches!(&error, Error::MissingImports { entry, .. } if entry == "thrd_party"),
        "{error:?}"
    );
}

#[test]
fn no_services_give_a_tree_that_binds_nothing() {
    let generated = Project::new().generate(&[]);
    assert_eq!(
        paths(&generated),
        ["bootloader.rs", "config.rs", "descriptor_set.bin", "mod.rs"]
    );
}
