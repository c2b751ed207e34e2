//! The completion scripts, in the shells that they are for.

use std::io::Write;
use std::process::{Command, Stdio};

use nautil::console::Code;
use tempfile::TempDir;

use crate::console::call;

/// The script for a shell, in a file.
async fn script(shell: &str) -> (TempDir, String) {
    let called = call(&["completion", shell]).await;
    assert_eq!((called.code, &*called.err), (Code::Done, ""));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.completion");
    std::fs::write(&path, called.out).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

/// Runs the shell with `input` on standard input, and returns what it prints; nothing where there is no such shell.
fn run(shell: &str, arguments: &[&str], input: &str) -> Option<String> {
    let spawned = Command::new(shell)
        .args(arguments)
        .env("TERM", "dumb")
        .env("HOME", std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Not through `print`, which the test runner would keep to itself.
            let skipped = format!("skipped: {shell} is not installed\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
            return None;
        }
        Err(error) => panic!("{shell} does not start: {error}"),
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What a line becomes when Tab is pressed at its end: the words that `app` is called with.
async fn tab_in_bash(line: &str) -> Option<Vec<String>> {
    let (_directory, path) = script("bash").await;
    let input = format!("app() {{ printf '%s\\n' \"$@\"; }}\nsource {path}\n{line}\t\n");
    let out = run("bash", &["--norc", "--noprofile", "-i"], &input)?;
    Some(out.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn bash_completes_a_command_with_its_colon() {
    let Some(words) = tab_in_bash("app demo:gr").await else {
        return;
    };
    assert_eq!(words, ["demo:greet"]);
}

#[tokio::test]
async fn bash_completes_behind_the_name_of_a_command() {
    let Some(words) = tab_in_bash("app demo:greet --sh").await else {
        return;
    };
    assert_eq!(words, ["demo:greet", "--shout"]);
}

#[tokio::test]
async fn bash_completes_the_choices_of_an_argument() {
    let Some(words) = tab_in_bash("app end mis").await else {
        return;
    };
    assert_eq!(words, ["end", "misused"]);
}

#[tokio::test]
async fn bash_offers_every_command_of_a_namespace() {
    let (_directory, path) = script("bash").await;
    let offer = format!(
        "source {path}; COMP_WORDS=(app demo:); COMP_CWORD=1; _app app demo: app; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let Some(out) = run("bash", &["--norc", "--noprofile", "-c", &offer], "") else {
        return;
    };
    assert_eq!(out, "demo:ask\ndemo:greet\n");
}

#[tokio::test]
async fn fish_completes_a_command_with_its_colon() {
    let (_directory, path) = script("fish").await;
    let complete = format!("source {path}; complete -C 'app demo:'");
    let Some(out) = run("fish", &["--no-config", "-c", &complete], "") else {
        return;
    };
    let offered: Vec<&str> = out.lines().collect();
    assert_eq!(
        offered,
        ["demo:ask\tAsk for the time", "demo:greet\tGreet somebody"]
    );
}

#[tokio::test]
async fn zsh_completes_a_command_with_its_colon() {
    let (_directory, path) = script("zsh").await;
    // zsh completes in its line editor alone, which wants a terminal: zpty is one. The read ends with the inner shell.
    let input = format!(
        r#"
zmodload zsh/zpty
zpty shell 'TERM=dumb zsh -f -i'
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source {path}; app() {{ print -r -- "<$1>" }}'
zpty -w -n shell $'app demo:gr\t\n'
zpty -w shell exit
zpty -r -m shell screen '*<demo*>*'
print -r -- $screen
"#
    );
    let Some(out) = run("zsh", &["-f"], &input) else {
        return;
    };
    assert!(out.contains("<demo:greet>"), "{out}");
}
