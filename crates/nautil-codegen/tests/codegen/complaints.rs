//! What a developer reads when a contract is wrong.

use nautil_codegen::Error;

use crate::project::Project;

#[test]
fn a_syntax_error_is_shown_in_its_line() {
    let project = Project::new().with(
        "proto/currency/broken.proto",
        "syntax = \"proto3\";\n\nmessage Broken {\n\tstring a 1;\n}\n",
    );
    let error = project.try_generate(&["proto/**/*.proto"]).unwrap_err();
    assert!(matches!(error, Error::Compile(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "expected '=', but found '1'\n \
         --> proto/currency/broken.proto:4:11\n  \
           |\n\
         4 | \tstring a 1;\n  \
           | \t         ^ found here"
    );
}

#[test]
fn an_import_that_is_not_found_is_shown_with_the_places_looked_in() {
    let project = Project::new().with(
        "proto/currency/service.proto",
        "// Größe\nsyntax = \"proto3\";\nimport \"mesage.proto\";\n",
    );
    assert_eq!(
        project.complaint(&["proto/**/*.proto"]),
        "import `mesage.proto` not found\n \
         --> proto/currency/service.proto:3:1\n  \
           |\n\
         3 | import \"mesage.proto\";\n  \
           | ^^^^^^^^^^^^^^^^^^^^^^\n\
         help: looked in `proto/currency`, the project root; add a directory with `imports`"
    );
}

#[test]
fn every_type_that_is_not_defined_is_shown() {
    let project = Project::new().with(
        "proto/a.proto",
        "syntax = 'proto3';\nmessage A {\n  Ratte r = 1;\n  Rate s = 2;\n}\n",
    );
    let complaint = project.complaint(&["proto/*.proto"]);
    assert!(
        complaint.contains("--> proto/a.proto:3:3\n  |\n3 |   Ratte r = 1;\n  |   ^^^^^"),
        "{complaint}"
    );
    assert!(complaint.contains("--> proto/a.proto:4:3\n"), "{complaint}");
}

#[test]
fn imports_in_a_ring_are_an_error_that_shows_the_ring() {
    let project = Project::new()
        .with("proto/a.proto", "syntax = 'proto3'; import 'b.proto';")
        .with("proto/b.proto", "syntax = 'proto3'; import 'a.proto';");
    let complaint = project.complaint(&["proto/*.proto"]);
    assert!(
        complaint.starts_with(
            "imports run in a ring: `proto/a.proto` imports `proto/b.proto` imports `proto/a.proto`\n"
        ),
        "{complaint}"
    );
    assert!(complaint.contains("--> proto/b.proto:1:20"), "{complaint}");
}

#[test]
fn one_file_imported_by_two_paths_is_an_error() {
    let project = Project::new()
        .with(
            "proto/a.proto",
            "syntax = 'proto3'; import 'b.proto'; import 'proto/b.proto';",
        )
        .with("proto/b.proto", "syntax = 'proto3';");
    let complaint = project.complaint(&["proto/*.proto"]);
    assert!(
        complaint.starts_with("`proto/b.proto` is imported twice\n"),
        "{complaint}"
    );
}

#[test]
fn no_complaint_has_colours() {
    let project = Project::new().with("proto/a.proto", "syntax = 'proto3'; massage A {}");
    assert!(!project.complaint(&["proto/*.proto"]).contains('\u{1b}'));
}

#[test]
fn a_character_that_would_move_the_cursor_is_shown_as_its_escape() {
    let project = Project::new().with(
        "proto/a.proto",
        "syntax = 'proto3';\nmessage A { /*\u{1b}[2J*/\tstring a 1; }\r\n",
    );
    assert_eq!(
        project.complaint(&["proto/*.proto"]),
        "expected '=', but found '1'\n \
         --> proto/a.proto:2:31\n  \
           |\n\
         2 | message A { /*\\u{1b}[2J*/\tstring a 1; }\n  \
           |                          \t         ^ found here"
    );
    let project = Project::new().with(
        "proto/a.proto",
        "syntax = 'proto3';\nimport '\u{9b}2J.proto';\n",
    );
    let complaint = project.complaint(&["proto/*.proto"]);
    assert!(
        complaint.starts_with("import `\\u{9b}2J.proto` not found\n"),
        "{complaint}"
    );
    assert!(!complaint.contains('\u{9b}'), "{complaint}");

    for entry in ["proto/\u{1b}[2J.proto", "proto/\u{1b}[2J*.proto"] {
        let complaint = project.complaint(&[entry]);
        assert!(complaint.contains("`proto/\\u{1b}[2J"), "{complaint}");
        assert!(!complaint.contains('\u{1b}'), "{complaint}");
    }
}
