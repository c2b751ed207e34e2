//! The process environment over `.env`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nautil::environment::{Environment, Origin};
use tempfile::TempDir;

fn dotenv(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

/// The fault of a file, in full.
fn said(path: &Path, line: usize, expected: &str) -> String {
    format!("{}, line {line}: expected {expected}", path.display())
}

const ASSIGNMENT: &str = "NAME=value, with quotes around a value that holds spaces";

/// The only fault that there is.
fn fault(environment: &Environment) -> String {
    let faults: Vec<String> = environment.faults().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.concat()
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
    assert_eq!(environment.faults().count(), 0);
}

#[test]
fn a_file_that_is_not_there_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let process = [(OsString::from("A"), OsString::from("1"))];
    let environment = Environment::of(process, &directory.path().join(".env"));
    assert_eq!(environment.faults().count(), 0);
    assert_eq!(environment.iter().collect::<Vec<_>>(), [("A", "1")]);
}

#[test]
fn a_line_that_is_no_assignment_is_a_fault_and_the_process_still_counts() {
    let (_directory, path) = dotenv("GOOD=1\nwhat is this\n");
    let process = [(OsString::from("A"), OsString::from("1"))];
    let environment = Environment::of(process, &path);
    assert_eq!(fault(&environment), said(&path, 2, ASSIGNMENT));
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
    assert_eq!(fault(&environment), said);
}

#[test]
fn a_file_that_is_no_utf_8_is_a_fault() {
    let (_directory, path) = dotenv(b"A=\xff\n");
    let environment = Environment::of([], &path);
    let said = format!(
        "cannot read {}: stream did not contain valid UTF-8",
        path.display()
    );
    assert_eq!(fault(&environment), said);
}

fn no_utf_8() -> OsString {
    OsString::from_vec(vec![b'a', 0xff])
}

#[test]
fn a_value_that_is_no_utf_8_is_an_error_for_whoever_asks_for_it() {
    let process = [
        (OsString::from("A"), no_utf_8()),
        (OsString::from("B"), OsString::from("2")),
    ];
    let (_directory, path) = dotenv("A=file\n");
    let environment = Environment::of(process, &path);
    assert_eq!(
        environment.value("A").unwrap_err().to_string(),
        "A, environment: found bytes that are not UTF-8, expected text"
    );
    // The process is over the file: what the file says does not count.
    assert_eq!(environment.get("A"), None);
    assert_eq!(environment.origin("A"), Some(Origin::Process));
    assert_eq!(environment.value("B").unwrap(), Some("2"));
    assert_eq!(environment.value("C").unwrap(), None);
    assert_eq!(environment.faults().count(), 0);
    assert_eq!(environment.iter().collect::<Vec<_>>(), [("B", "2")]);
}

#[test]
fn a_name_that_is_no_utf_8_stops_nobody() {
    let (_directory, path) = dotenv("");
    let environment = Environment::of([(no_utf_8(), OsString::from("1"))], &path);
    assert_eq!(environment.faults().count(), 0);
    assert_eq!(environment.iter().count(), 0);
}

#[test]
fn an_environment_whose_name_is_no_utf_8_is_at_fault() {
    let (_directory, path) = dotenv("what is this\n");
    let environment = Environment::of([(OsString::from("APP_ENV"), no_utf_8())], &path);
    let faults: Vec<String> = environment.faults().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            &*said(&path, 1, ASSIGNMENT),
            "APP_ENV, environment: found bytes that are not UTF-8, expected text"
        ]
    );
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

/// The value of `A` in a file.
#[track_caller]
fn value(text: &str) -> String {
    let environment = read(&[], text);
    let faults: Vec<String> = environment.faults().map(ToString::to_string).collect();
    assert_eq!(faults, [""; 0], "{text}");
    environment.get("A").unwrap().to_owned()
}

#[test]
fn a_dollar_is_a_dollar() {
    let secret = "H$ello$%World^$&x";
    for text in [
        format!("A=\"{secret}\"\n"),
        format!("A='{secret}'\n"),
        format!("A={secret}\n"),
    ] {
        assert_eq!(value(&text), secret, "{text}");
    }
    for text in [
        "A=$B\nB=1\n",
        "B=1\nA=$B\n",
        "B=1\nA=\"$B\"\n",
        "export A=\"\\$B\"\n",
    ] {
        assert_eq!(value(text), "$B", "{text}");
    }
    // These are set wherever tests are run.
    assert_eq!(value("A=${PATH}:$HOME\n"), "${PATH}:$HOME");
    assert_eq!(value("A=\"${PATH:-x}\"\n"), "${PATH:-x}");
}

#[test]
fn a_value_is_what_stands_between_its_quotes_or_before_the_comment() {
    for (text, expected) in [
        ("A=", ""),
        ("A=   ", ""),
        ("A=\"\"", ""),
        ("A=''", ""),
        ("A= b ", "b"),
        ("A = b", "b"),
        ("  A=b", "b"),
        ("export A=b", "b"),
        ("export   A = b", "b"),
        ("A=b\\n$c", "b\\n$c"),
        ("A=b=c", "b=c"),
        ("A=b\"c\"d'e'", "b\"c\"d'e'"),
        ("A=it's", "it's"),
        ("A=\" b \"", " b "),
        ("A=' b '", " b "),
        ("A=\"b\" ", "b"),
        ("A=\"it's\"", "it's"),
        ("A='\"'", "\""),
        ("A=\"b\\n\\r\\t\\\\\\\"\\$c\"", "b\n\r\t\\\"$c"),
        ("A='b\\n\\\\'", "b\\n\\\\"),
        ("A=größe", "größe"),
    ] {
        for text in [text.to_owned(), format!("{text}\n"), format!("{text}\r\n")] {
            assert_eq!(value(&text), expected, "{text:?}");
        }
    }
}

#[test]
fn a_comment_begins_with_a_hash_behind_a_space() {
    for (text, expected) in [
        ("A=b # c", "b"),
        ("A=b\t# c", "b"),
        ("A=b#c", "b#c"),
        ("A=#b", "#b"),
        ("A= # c", ""),
        ("A=\"b # c\"", "b # c"),
        ("A='b # c' # d", "b # c"),
        ("A=\"b\"# c", "b"),
        ("# A=b\n  # A=c\nA=d", "d"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_value_in_quotes_may_take_several_lines() {
    for end in ["\n", "\r\n"] {
        for quote in ['"', '\''] {
            let text =
                format!("B=1{end}A={quote}one{end}# two{end}{end}three{quote} # four{end}C=3{end}");
            let environment = read(&[], &text);
            assert_eq!(
                environment.get("A"),
                Some("one\n# two\n\nthree"),
                "{text:?}"
            );
            assert_eq!(environment.get("B"), Some("1"));
            assert_eq!(environment.get("C"), Some("3"));
        }
    }
}

#[test]
fn of_two_values_the_last_counts() {
    assert_eq!(value("A=1\nA=2\n"), "2");
}

#[test]
fn export_is_a_name_too() {
    assert_eq!(read(&[], "export=1\n").get("export"), Some("1"));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(value("\u{feff}A=b\n"), "b");
    assert_eq!(value("\u{feff}# c\nA=b\n"), "b");
}

#[test]
fn a_broken_line_is_named_and_not_repeated() {
    const AFTER: &str = "nothing but a comment after the closing quote";
    const CLOSING: &str = "a closing quote for the one that opens here";
    const ESCAPE: &str = "\\n, \\r, \\t, \\\\, \\\" or \\$ where a backslash stands in double quotes; in single quotes it is itself";
    for (text, line, expected) in [
        ("# one\n\nTOKEN=s3cret and more\n", 3, ASSIGNMENT),
        ("s3cret\n", 1, ASSIGNMENT),
        ("A=1\r\n=s3cret\r\n", 2, ASSIGNMENT),
        ("3s3cret=1\n", 1, ASSIGNMENT),
        ("A B=s3cret\n", 1, ASSIGNMENT),
        ("export s3cret\n", 1, ASSIGNMENT),
        ("export\n", 1, ASSIGNMENT),
        ("TOKEN=\"s3cret\"more\n", 1, AFTER),
        ("TOKEN='s3cret' more\n", 1, AFTER),
        ("TOKEN='s3\ncret' more\n", 2, AFTER),
        ("A=1\nTOKEN=\"s3cret\nB=1\nC=2\n", 2, CLOSING),
        ("A=1\nTOKEN='s3cret", 2, CLOSING),
        ("TOKEN=\"s3cret\\\"\n", 1, CLOSING),
        ("TOKEN=\"s3cret\\", 1, CLOSING),
        ("TOKEN=\"s3\n\\cret\"\n", 2, ESCAPE),
    ] {
        let (_directory, path) = dotenv(text);
        let environment = Environment::of([], &path);
        assert_eq!(fault(&environment), said(&path, line, expected), "{text}");
    }
}

#[test]
fn an_environment_is_debugged_without_its_values() {
    let environment = read(&[("TOKEN", "hunter2")], "PASSWORD=hunter3\n");
    let text = format!("{environment:?}");
    assert!(
        text.contains("TOKEN") && text.contains("PASSWORD"),
        "{text}"
    );
    assert!(!text.contains("hunter"), "{text}");
}
