//! The process environment over `.env`.

use std::ffi::OsString;
use std::path::PathBuf;

use nautil::environment::{Environment, Origin};
use tempfile::TempDir;

fn dotenv(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn read(process: &[(&str, &str)], text: &str) -> Environment {
    let (_directory, path) = dotenv(text);
    let process = process
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    Environment::of(process, &path)
}

#[test]
fn the_process_is_over_the_file() {
    let environment = read(
        &[("BOTH", "process"), ("PROCESS", "1")],
        "BOTH=file\nFILE=2\n",
    );
    assert_eq!(environment.get("BOTH"), Some("process"));
    assert_eq!(environment.origin("BOTH"), Some(Origin::Process));
    assert_eq!(environment.get("FILE"), Some("2"));
    assert_eq!(environment.origin("FILE"), Some(Origin::File));
    assert_eq!(environment.get("NEITHER"), None);
}

#[test]
fn an_empty_variable_of_the_process_is_over_the_file_too() {
    let environment = read(&[("BOTH", "")], "BOTH=file\n");
    assert_eq!(environment.get("BOTH"), Some(""));
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "the process environment is what the test looks at"
)]
fn the_file_is_never_put_into_the_process() {
    let (_directory, path) = dotenv("NAUTIL_TEST_OF_DOTENV=file\n");
    let environment = Environment::read(&path);
    assert_eq!(environment.get("NAUTIL_TEST_OF_DOTENV"), Some("file"));
    assert_eq!(std::env::var_os("NAUTIL_TEST_OF_DOTENV"), None);
}

#[test]
fn quotes_comments_and_empty_lines_are_understood() {
    let environment = read(&[], "# hosts\n\nHOST='a b'\nexport PORT=80 # http\n");
    assert_eq!(environment.get("HOST"), Some("a b"));
    assert_eq!(environment.get("PORT"), Some("80"));
    assert!(environment.fault().is_none());
}

#[test]
fn a_file_that_is_not_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let process = [(OsString::from("A"), OsString::from("1"))];
    let environment = Environment::of(process, &directory.path().join(".env"));
    assert!(environment.fault().is_none());
    assert_eq!(environment.iter().collect::<Vec<_>>(), [("A", "1")]);
}

#[test]
fn a_line_that_is_no_assignment_is_a_fault_and_the_process_still_counts() {
    let (_directory, path) = dotenv("GOOD=1\nwhat is this\n");
    let process = [(OsString::from("A"), OsString::from("1"))];
    let environment = Environment::of(process, &path);
    let said = format!(
        "{}, line 2: expected NAME=value, with quotes around a value that holds spaces",
        path.display()
    );
    assert_eq!(environment.fault().unwrap().to_string(), said);
    assert_eq!(environment.get("A"), Some("1"));
}

#[test]
fn a_directory_in_the_place_of_the_file_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    std::fs::create_dir(&path).unwrap();
    let environment = Environment::of([], &path);
    let said = format!(
        "cannot read {}: Is a directory (os error 21)",
        path.display()
    );
    assert_eq!(environment.fault().unwrap().to_string(), said);
}

#[test]
fn a_file_that_is_no_utf_8_is_a_fault() {
    let (_directory, path) = dotenv(b"A=\xff\n");
    let environment = Environment::of([], &path);
    let said = format!(
        "cannot read {}: stream did not contain valid UTF-8",
        path.display()
    );
    assert_eq!(environment.fault().unwrap().to_string(), said);
}

#[cfg(unix)]
#[test]
fn a_variable_of_the_process_that_is_no_utf_8_is_passed_over() {
    use std::os::unix::ffi::OsStringExt;
    let process = [
        ("A".into(), OsString::from_vec(vec![0xff])),
        (OsString::from("B"), OsString::from("2")),
    ];
    let (_directory, path) = dotenv("A=file\n");
    let environment = Environment::of(process, &path);
    assert_eq!(environment.get("A"), Some("file"));
    assert_eq!(environment.get("B"), Some("2"));
}

#[test]
fn the_environment_has_a_name() {
    assert_eq!(read(&[], "").name(), "local");
    assert_eq!(read(&[("APP_ENV", "")], "").name(), "local");
    assert_eq!(read(&[], "APP_ENV=staging\n").name(), "staging");
    assert_eq!(
        read(&[("APP_ENV", "testing")], "APP_ENV=staging\n").name(),
        "testing"
    );
}

#[test]
fn a_broken_line_is_named_and_not_repeated() {
    let (_directory, path) = dotenv("# one\n\nTOKEN=s3cret and more\n");
    let said = Environment::of([], &path).fault().unwrap().to_string();
    assert!(said.contains(", line 3: expected"), "{said}");
    assert!(!said.contains("s3cret") && !said.contains("more"), "{said}");
}
