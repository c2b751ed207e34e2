//! What is in an image, and what is not.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::engine::{Engine, Stack, answer};
use crate::disk::files;
use crate::support::ROOT;

/// What an image may weigh above its base, which is empty.
const LIMIT: u64 = 25_000_000;

/// What the engine itself puts into every container.
const ENGINE: [&str; 5] = [
    ".dockerenv",
    "dev/console",
    "etc/hostname",
    "etc/hosts",
    "etc/resolv.conf",
];

/// The file system of an image.
struct Unpacked(TempDir);

impl Unpacked {
    fn new(engine: Engine, image: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let container = engine.run(["create", image]).with_code(0).out;
        let container = container.trim();
        let archive = directory.path().join("image.tar");
        let export = ["export", "--output", archive.to_str().unwrap(), container];
        engine.run(export).with_code(0);
        engine.run(["rm", container]).with_code(0);
        let root = directory.path().join("root");
        std::fs::create_dir(&root).unwrap();
        answer(
            Command::new("tar")
                .arg("-xf")
                .arg(archive)
                .arg("-C")
                .arg(root),
        )
        .unwrap();
        Unpacked(directory)
    }

    fn root(&self) -> std::path::PathBuf {
        self.0.path().join("root")
    }

    /// Every file but the engine's and the links, by its path from the root.
    fn files(&self) -> BTreeSet<String> {
        let found = files(&self.root());
        let paths = found.iter().map(|(path, _)| path.to_str().unwrap());
        let own = paths.filter(|path| !ENGINE.contains(path) && *path != "etc/mtab");
        own.map(str::to_owned).collect()
    }
}

#[test]
fn an_image_holds_the_application_its_libraries_its_config_and_nothing_else() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build"]).with_code(0);
    for service in ["server", "cli"] {
        let files = Unpacked::new(engine, &stack.image(service)).files();
        let (libraries, files): (BTreeSet<_>, BTreeSet<_>) =
            files.into_iter().partition(|path| path.starts_with("lib"));

        let libraries: BTreeSet<&str> = libraries
            .iter()
            .map(|path| path.rsplit_once('/').unwrap().1)
            .filter(|name| !name.starts_with("ld-linux-"))
            .collect();
        assert_eq!(
            libraries,
            ["libc.so.6", "libgcc_s.so.1", "libm.so.6"].into(),
            "{service}"
        );

        let mut expected = BTreeSet::from(
            [
                "etc/group",
                "etc/nsswitch.conf",
                "etc/passwd",
                "etc/ssl/certs/ca-certificates.crt",
                "usr/local/bin/app",
            ]
            .map(str::to_owned),
        );
        let config = crate::disk::files(&Path::new(ROOT).join("config"));
        expected.extend(
            config
                .iter()
                .map(|(path, _)| format!("app/config/{}", path.display())),
        );
        assert_eq!(files, expected, "{service}");
    }
}

#[test]
fn an_image_is_smaller_than_25_megabytes() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build"]).with_code(0);
    for service in ["server", "cli"] {
        let image = stack.image(service);
        let size = engine.run(["image", "inspect", "--format", "{{.Size}}", &image]);
        let size: u64 = size.with_code(0).out.trim().parse().unwrap();
        let megabytes = size as f64 / 1e6;
        writeln!(io::stderr(), "the image of `{service}`: {megabytes:.1} MB").unwrap();
        assert!(size > 1_000_000, "{size} bytes hold no application");
        assert!(size < LIMIT, "{size} bytes");
    }
}

#[test]
fn the_application_of_an_image_has_no_tools_of_development() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build"]).with_code(0);
    let image = stack.image("server");

    let list = engine
        .run(["run", "--rm", &image, "app", "list"])
        .with_code(0)
        .out;
    let commands: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .collect();
    assert!(commands.contains(&"serve"), "{list}");
    for command in ["grpc:generate", "dev"] {
        assert!(!commands.contains(&command), "{list}");
    }

    let unpacked = Unpacked::new(engine, &image);
    let binary = unpacked.root().join("usr/local/bin/app");
    let sections = answer(Command::new("readelf").arg("-SW").arg(binary)).unwrap();
    assert!(sections.contains(" .text "), "{sections}");
    assert!(!sections.contains("debug"), "{sections}");
}

#[test]
fn an_image_runs_as_a_user_of_its_own_and_says_whether_it_is_healthy() {
    let Some(engine) = Engine::find() else { return };
    let stack = Stack::new(engine);
    stack.run(&["build"]).with_code(0);
    let says = |service: &str, format: &str| {
        let image = stack.image(service);
        let ran = engine.run(["image", "inspect", "--format", format, &image]);
        ran.with_code(0).out.trim().to_owned()
    };
    for service in ["server", "cli"] {
        assert_eq!(says(service, "{{.Config.User}}"), "1000:1000");
        assert_eq!(says(service, "{{.Config.WorkingDir}}"), "/app");
    }
    assert_eq!(says("server", "{{.Config.Cmd}}"), "[app serve]");
    assert_eq!(
        says("server", "{{.Config.Healthcheck.Test}}"),
        "[CMD app health]"
    );
    assert_eq!(says("cli", "{{.Config.Healthcheck}}"), "<nil>");
}
