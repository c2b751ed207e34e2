//! A new project compiles and answers; a wrong name is refused.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

fn nautil(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nautil"));
    command.args(arguments).current_dir(directory).env_clear();
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_new_project_compiles_and_serves_under_its_own_name() {
    let directory = tempfile::tempdir().unwrap();
    let made = nautil(directory.path(), &["new", "my-rates"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));

    // Its dependencies are those of this workspace, so what is built here already is not built again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let listed = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--", "grpc:services"])
        .current_dir(directory.path().join("my-rates"))
        .env("CARGO_TARGET_DIR", target.join("new-project"))
        .output()
        .unwrap();
    assert_eq!(listed.status.code(), Some(0), "{}", text(&listed.stderr));
    assert!(text(&listed.stdout).contains("currency.CurrencyRateService  GetRate  unary"));

    let mut files = vec![
        directory.path().join("my-rates/app"),
        directory.path().join("my-rates/app.rs"),
    ];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let content = std::fs::read_to_string(&path).unwrap();
        assert!(!content.contains(" currency_rate::"), "{}", path.display());
        read += 1;
    }
    assert!(read > 10, "only {read} files were read");
}

#[test]
fn what_cannot_be_made_is_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("there")).unwrap();
    let refused = |arguments: &[&str]| {
        let output = nautil(directory.path(), arguments);
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(
        refused(&["new", "My Rates"]),
        (
            Some(2),
            "error: found \"My Rates\", expected a lower-case letter, then lower-case letters, digits, `-` or `_`\n".to_owned()
        )
    );
    assert_eq!(
        refused(&["new", "test"]),
        (
            Some(2),
            "error: `test` is a name that cargo or Rust keeps for itself; take another one\n"
                .to_owned()
        )
    );
    assert_eq!(
        refused(&["new", "there"]),
        (Some(1), "error: `there` is there already\n".to_owned())
    );
    assert_eq!(
        refused(&["new", "rates", "--framework", "nowhere"]),
        (
            Some(1),
            "error: there is no crate `nautil` at nowhere: name its directory with --framework\n"
                .to_owned()
        )
    );
}
