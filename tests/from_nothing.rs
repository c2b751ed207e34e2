//! Whether the application comes back without `generated/`, or without code that compiles. The only room that runs cargo:
//! on a copy of the workspace below `target/`, offline, with a target directory that is kept for the next time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::disk::{copy, files};
use crate::support::{Process, ROOT, Ran};

/// The directory below `target/` that is the tests' own.
const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// How long a build of every dependency may take, on a machine that has other things to do.
const BUILDING: Duration = Duration::from_secs(30 * 60);

/// What the application's own command is listed as.
const LISTED: &str = "  grpc:get-currency-rate  ";

/// A copy of the workspace that lacks `generated/`.
struct Copy {
    root: PathBuf,
    /// Held by one test at a time, of whatever process.
    _lock: File,
}

impl Copy {
    fn new() -> Self {
        let directory = Path::new(TEMPORARY).join("from-nothing");
        fs::create_dir_all(&directory).unwrap();
        let lock = File::create(directory.join("lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();

        let root = directory.join("workspace");
        // Files keep their times, so that cargo compiles again only what changed.
        let _ = fs::remove_dir_all(&root);
        fs::create_dir(&root).unwrap();
        for entry in fs::read_dir(ROOT).unwrap() {
            let name = entry.unwrap().file_name();
            if !["target", "generated", ".git"].contains(&name.to_str().unwrap()) {
                copy(&Path::new(ROOT).join(&name), &root.join(&name));
            }
        }
        Copy { root, _lock: lock }
    }

    fn cargo(&self, arguments: &[&str]) -> Ran {
        // Shared with the tests of `nautil new`: every dependency is built once for both.
        let target = Path::new(TEMPORARY).with_file_name("new-project");
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["run", "--quiet", "--offline"])
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target);
        Process::start(&mut command).end_within(BUILDING)
    }

    #[track_caller]
    fn has_the_committed_code(&self) {
        let committed = files(&Path::new(ROOT).join("generated"));
        assert!(committed.len() >= 5);
        assert_eq!(files(&self.root.join("generated")), committed);
    }
}

#[test]
fn without_generated_the_application_makes_it_and_then_has_its_own_commands() {
    let copy = Copy::new();

    let bare = copy.cargo(&["--", "list"]).with_code(0);
    assert!(!bare.out.contains(LISTED), "{bare}");
    copy.cargo(&["--", "grpc:generate"]).with_code(0);

    copy.has_the_committed_code();
    let whole = copy.cargo(&["--", "list"]).with_code(0);
    assert!(whole.out.contains(LISTED), "{whole}");
}

#[test]
fn an_application_that_does_not_compile_is_generated_by_the_tool() {
    let copy = Copy::new();
    fs::write(copy.root.join("app/src/lib.rs"), "this is no Rust\n").unwrap();

    copy.cargo(&["-p", "nautil-cli", "--", "grpc:generate"])
        .with_code(0);

    copy.has_the_committed_code();
}
