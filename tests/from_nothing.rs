//! Whether the application comes back without `generated/`, or without code that compiles.

use std::fs;
use std::path::Path;

use crate::disk::files;
use crate::support::ROOT;
use crate::workspace::Workspace;

/// What the application's own command is listed as.
const LISTED: &str = "  grpc:get-currency-rate  ";

/// A copy that lacks `generated/`.
fn bare() -> Workspace {
    let workspace = Workspace::copy();
    fs::remove_dir_all(workspace.path("generated")).unwrap();
    workspace
}

#[track_caller]
fn has_the_committed_code(workspace: &Workspace) {
    let committed = files(&Path::new(ROOT).join("generated"));
    assert!(committed.len() >= 5);
    assert_eq!(files(&workspace.path("generated")), committed);
}

#[test]
fn without_generated_the_application_makes_it_and_then_has_its_own_commands() {
    let workspace = bare();

    let bare = workspace.run(&["--", "list"]).with_code(0);
    assert!(!bare.out.contains(LISTED), "{bare}");
    workspace.run(&["--", "grpc:generate"]).with_code(0);

    has_the_committed_code(&workspace);
    let whole = workspace.run(&["--", "list"]).with_code(0);
    assert!(whole.out.contains(LISTED), "{whole}");
}

#[test]
fn an_application_that_does_not_compile_is_generated_by_the_tool() {
    let workspace = bare();
    fs::write(workspace.path("app/src/lib.rs"), "this is no Rust\n").unwrap();

    workspace
        .run(&["-p", "nautil-cli", "--", "grpc:generate"])
        .with_code(0);

    has_the_committed_code(&workspace);
}
