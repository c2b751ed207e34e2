//! A copy of this workspace below `target/`, for the tests that run cargo, with a target directory that is kept for the next
//! time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::disk::files;
use crate::support::{Process, ROOT, Ran};

/// The directory below `target/` that is the tests' own.
const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// How long a build of every dependency may take, on a machine that has other things to do.
pub(crate) const BUILDING: Duration = Duration::from_secs(30 * 60);

/// A copy of the workspace.
pub(crate) struct Workspace {
    root: PathBuf,
    /// Held by one test at a time, of whatever process.
    _lock: File,
}

impl Workspace {
    pub(crate) fn copy() -> Self {
        let directory = Path::new(TEMPORARY).join("workspace");
        fs::create_dir_all(&directory).unwrap();
        let lock = File::create(directory.join("lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();

        let root = directory.join("copy");
        let kept = files_of(&root);
        let wanted = files_of(Path::new(ROOT));
        for path in kept.keys().filter(|path| !wanted.contains_key(*path)) {
            fs::remove_file(root.join(path)).unwrap();
        }
        for (path, content) in &wanted {
            // A file that is as the last test left it keeps its time: cargo compiles again what changed, and only that.
            if kept.get(path) != Some(content) {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
        }
        Workspace { root, _lock: lock }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    /// A program in this workspace, whose cargo finds what was built before.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target())
            // What a killed process leaves behind stays below `target/` too.
            .env("TMPDIR", TEMPORARY);
        command
    }

    /// `cargo run`, to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(env!("CARGO"));
        command.args(["run", "--quiet"]).args(arguments);
        Process::start(&mut command).end_within(BUILDING)
    }

    /// The tests of a package in a directory of the copy that is no member of the workspace, to their end.
    ///
    /// Its dependencies are locked as those of the workspace, so that what was built for that is there for it.
    pub(crate) fn test_package(&self, directory: &str) -> Ran {
        let lock = Path::new(directory).join("Cargo.lock");
        fs::copy(self.path("Cargo.lock"), self.root.join(lock)).unwrap();
        let mut command = self.command(env!("CARGO"));
        command
            .current_dir(self.path(directory))
            .args(["test", "--quiet"]);
        Process::start(&mut command).end_within(BUILDING)
    }

    /// Builds the application, and returns where it is.
    pub(crate) fn build(&self) -> PathBuf {
        self.cargo(&["build", "--quiet", "--bin", "app"]);
        target().join("debug/app")
    }

    /// Builds the tests of the library, so that they are there when somebody runs them.
    pub(crate) fn build_tests(&self) {
        self.cargo(&["test", "--quiet", "--lib", "--no-run"]);
    }

    fn cargo(&self, arguments: &[&str]) {
        let mut command = self.command(env!("CARGO"));
        let ran = Process::start(command.args(arguments)).end_within(BUILDING);
        ran.with_code(0);
    }
}

/// The files of a workspace with their content, without those that tools keep there.
fn files_of(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if name == Path::new("target") || name == Path::new(".git") {
            continue;
        }
        if path.is_dir() {
            let below = files(&path).into_iter();
            found.extend(below.map(|(path, content)| (name.join(path), content)));
        } else {
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}

/// Shared with the tests of `nautil new`: every dependency is built once for both.
fn target() -> PathBuf {
    Path::new(TEMPORARY).with_file_name("new-project")
}
