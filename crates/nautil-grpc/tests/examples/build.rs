//! Where a built example is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::SystemTime;

/// The example as a program.
///
/// `cargo test` builds the examples beside this test. `cargo test --test examples` does not: then one that is missing, or older
/// than what it is made from, is built here.
pub(crate) fn built(name: &str) -> PathBuf {
    static BUILD: Once = Once::new();
    let test = std::env::current_exe().unwrap();
    // This test is `<target>/<profile>/deps/examples-<hash>`.
    let directory = test.ancestors().nth(2).unwrap();
    let program = directory.join("examples").join(name);
    BUILD.call_once(|| {
        let examples = ["client", "server"].map(|name| directory.join("examples").join(name));
        if !examples.iter().all(|program| is_fresh(program)) {
            build(directory);
        }
    });
    program
}

fn build(directory: &Path) {
    let profile = match directory.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        profile => profile,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--examples", "--profile", profile])
        .arg("--target-dir")
        .arg(directory.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the examples do not build: {status}");
}

/// Whether the program is younger than every file that it was made from, which cargo lists beside it.
fn is_fresh(program: &Path) -> bool {
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    let Some(built) = modified(program) else {
        return false;
    };
    let (_, files) = list.split_once(": ").unwrap();
    // A space in a path is escaped.
    let files = files.trim().replace("\\ ", "\0");
    let mut files = files.split(' ').map(|file| file.replace('\0', " "));
    files.all(|file| modified(Path::new(&file)).is_some_and(|changed| changed <= built))
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}
