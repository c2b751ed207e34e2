//! The IDEs' configurations, and what else of debugging is written down: does everything that they name exist?

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::source::read;
use crate::support::ROOT;

/// What a debugger in a container is reached by.
const PORT: &str = "127.0.0.1:1234";
const SYMBOLS: &str = "target/container/app";
/// Where the sources are when the binary for the container is built.
const SOURCES: &str = "/app";

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn list<'json>(value: &'json Value, key: &str) -> &'json [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The words in a list of strings.
fn words(value: &Value, key: &str) -> Vec<String> {
    let words = list(value, key).iter().map(|word| word.as_str().unwrap());
    words.map(str::to_owned).collect()
}

/// Whether `Cargo.toml` has a target of this kind and name.
fn has_target(kind: &str, name: &str) -> bool {
    let manifest = read("Cargo.toml");
    let mut tables = manifest
        .split("\n[")
        .filter(|table| table.starts_with(&format!("[{kind}]]\n")));
    tables.any(|table| {
        table
            .lines()
            .any(|line| line == format!("name = \"{name}\""))
    })
}

/// Insists on what a command line of cargo names: package, targets, and a command of the application.
#[track_caller]
fn check_cargo(line: &[String]) {
    let (cargo, app) = match line.iter().position(|word| word == "--") {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[][..]),
    };
    assert!(
        ["build", "run", "test"].contains(&cargo[0].as_str()),
        "{line:?}"
    );
    let joined = cargo.join("=");
    for (option, kind) in [("--bin=", "bin"), ("--test=", "test")] {
        if let Some((_, rest)) = joined.split_once(option) {
            let name = rest.split('=').next().unwrap();
            assert!(has_target(kind, name), "there is no {kind} `{name}`");
        }
    }
    if let Some((_, rest)) = joined.split_once("--package=") {
        let name = rest.split('=').next().unwrap();
        assert!(read("Cargo.toml").contains(&format!("\n[package]\nname = \"{name}\"\n")));
    }
    if let Some(command) = app.first() {
        check_command(command);
    }
}

/// Insists that the application has this command.
#[track_caller]
fn check_command(name: &str) {
    let help = Command::new(env!("CARGO_BIN_EXE_app"))
        .args(["help", name])
        .current_dir(ROOT)
        .output();
    assert!(
        help.unwrap().status.success(),
        "the application has no command `{name}`"
    );
}

/// Insists that each variable is of a kind that the application, or Rust, reads.
#[track_caller]
fn check_variable(name: &str, value: &str) {
    if name == "RUST_BACKTRACE" {
        return;
    }
    let key = name
        .strip_prefix("APP_")
        .unwrap_or_else(|| panic!("who reads {name}?"));
    let key = key.replace("__", ".").to_lowercase();
    let shown = Command::new(env!("CARGO_BIN_EXE_app"))
        .args(["config:show", key.split('.').next().unwrap()])
        .env(name, value)
        .current_dir(ROOT)
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = shown.lines().find(|line| line.starts_with(&key));
    assert!(
        line.is_some_and(|line| line.contains(name)),
        "{name}: {shown}"
    );
}

#[test]
fn what_vs_code_is_told_exists() {
    let launch = json(".vscode/launch.json");
    let tasks = json(".vscode/tasks.json");
    let extensions = words(&json(".vscode/extensions.json"), "recommendations");
    assert!(
        extensions.contains(&"vadimcn.vscode-lldb".to_owned()),
        "{extensions:?}"
    );

    let labels: Vec<_> = list(&tasks, "tasks")
        .iter()
        .map(|task| &task["label"])
        .collect();
    for task in list(&tasks, "tasks") {
        let script = task["command"].as_str().unwrap();
        assert!(Path::new(ROOT).join(script).is_file(), "{script}");
    }
    let inputs: Vec<_> = list(&launch, "inputs")
        .iter()
        .map(|input| format!("${{input:{}}}", input["id"].as_str().unwrap()))
        .collect();

    let configurations = list(&launch, "configurations");
    let names: Vec<_> = configurations
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "serve",
            "test",
            "attach to a process",
            "attach to the container"
        ]
    );
    for one in configurations {
        assert_eq!(one["type"], "lldb", "CodeLLDB");
        if let Some(task) = one.get("preLaunchTask") {
            assert!(labels.contains(&task), "there is no task {task}");
        }
        if one.get("cargo").is_some() {
            check_cargo(&words(&one["cargo"], "args"));
            let filter = &one["cargo"]["filter"];
            assert!(
                has_target(
                    filter["kind"].as_str().unwrap(),
                    filter["name"].as_str().unwrap()
                ),
                "{filter}"
            );
        }
        for word in words(one, "args")
            .iter()
            .filter(|word| word.starts_with("${"))
        {
            assert!(inputs.contains(word), "there is no {word}");
        }
        for (name, value) in one["env"].as_object().into_iter().flatten() {
            check_variable(name, value.as_str().unwrap());
        }
        if let Some(program) = one["program"].as_str() {
            let name = program
                .strip_prefix("${workspaceFolder}/target/debug/")
                .unwrap();
            assert!(has_target("bin", name), "{program}");
        }
    }
    assert_eq!(words(&configurations[0], "args"), ["serve"]);

    let container = &configurations[3];
    assert_eq!(
        words(container, "targetCreateCommands"),
        [format!("target create ${{workspaceFolder}}/{SYMBOLS}")]
    );
    assert_eq!(
        words(container, "processCreateCommands"),
        [format!("gdb-remote {PORT}")]
    );
    assert_eq!(container["sourceMap"][SOURCES], "${workspaceFolder}");
}

#[test]
fn what_the_ides_of_jetbrains_are_told_exists() {
    let mut paths: Vec<_> = fs::read_dir(Path::new(ROOT).join(".run"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let texts: Vec<_> = paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let documents: Vec<_> = texts
        .iter()
        .map(|text| roxmltree::Document::parse(text).unwrap())
        .collect();
    let configurations: Vec<_> = documents
        .iter()
        .map(|document| {
            document
                .descendants()
                .find(|node| node.has_tag_name("configuration"))
                .unwrap()
        })
        .collect();
    let names: Vec<_> = configurations
        .iter()
        .map(|one| {
            (
                one.attribute("name").unwrap(),
                one.attribute("type").unwrap(),
            )
        })
        .collect();
    for (path, (name, _)) in paths.iter().zip(&names) {
        assert_eq!(
            path.file_name().unwrap().to_str().unwrap(),
            format!("{name}.run.xml")
        );
    }
    assert_eq!(
        names.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        [
            "attach-to-the-container",
            "debugger-up",
            "get-currency-rate",
            "serve",
            "test"
        ]
    );

    for one in &configurations {
        let option = |key: &str| {
            let mut options = one.children().filter(|node| node.has_tag_name("option"));
            options
                .find(|node| node.attribute("name") == Some(key))
                .and_then(|node| node.attribute("value"))
        };
        if let Some(line) = option("command") {
            let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
            check_cargo(&line);
        }
        if let Some(script) = option("SCRIPT_PATH") {
            let script = script.strip_prefix("$PROJECT_DIR$/").unwrap();
            assert!(Path::new(ROOT).join(script).is_file(), "{script}");
        }
        for variable in one.descendants().filter(|node| node.has_tag_name("env")) {
            check_variable(
                variable.attribute("name").unwrap(),
                variable.attribute("value").unwrap(),
            );
        }
        for task in one
            .descendants()
            .filter(|node| node.attribute("name") == Some("RunConfigurationTask"))
        {
            let named = (
                task.attribute("run_configuration_name").unwrap(),
                task.attribute("run_configuration_type").unwrap(),
            );
            assert!(names.contains(&named), "{named:?}");
        }
    }

    let container = configurations[0];
    assert_eq!(container.attribute("remoteCommand"), Some(PORT));
    assert_eq!(
        container.attribute("symbolFile"),
        Some(&*format!("$PROJECT_DIR$/{SYMBOLS}"))
    );
    let mapping = container
        .children()
        .find(|node| node.has_tag_name("pathMapping"))
        .unwrap();
    assert_eq!(
        (mapping.attribute("remote"), mapping.attribute("local")),
        (Some(SOURCES), Some("$PROJECT_DIR$"))
    );
}

#[test]
fn the_container_is_what_the_ides_expect() {
    let compose = read("deployment/debug/compose.yml");
    let (address, port) = PORT.split_once(':').unwrap();
    let published = format!("ports: [\"{address}:${{DEBUGGER_PORT:-{port}}}:{port}\"]");
    assert!(compose.contains(&published), "{compose}");
    assert!(read("deployment/debug/Dockerfile").contains(&format!("\"TCP-LISTEN:{port},")));
    assert!(
        read("deployment/debug/up").contains(&format!("server:/usr/local/bin/app {SYMBOLS}\n"))
    );
    assert!(read("deployment/docker/build").contains(&format!("work={SOURCES} ")));
    assert!(
        read("deployment/debug/gdbinit").contains(&format!("\nset substitute-path {SOURCES} .\n"))
    );
}

#[test]
fn nothing_of_it_is_in_production() {
    for path in [
        "docker-compose.yml",
        "deployment/docker/server/Dockerfile",
        "deployment/docker/cli/Dockerfile",
    ] {
        let text = read(path).to_lowercase();
        for word in [
            "debug",
            "gdb",
            "lldb",
            "ptrace",
            "1234",
            "tokio-console",
            "tokio_unstable",
        ] {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
    // What such a build consists of; the crates that serve a debugger are in none but those that ask for them.
    for (features, is_expected) in [
        (&["--no-default-features"][..], false),
        (&[], false),
        (&["--features", "tokio-console"], true),
    ] {
        let mut command = Command::new(env!("CARGO"));
        command
            .args([
                "tree",
                // Not offline: nothing else fetches the crates of a feature that nothing builds.
                "--locked",
                "--edges",
                "normal",
                "--package",
                "currency-rate",
                "--prefix",
                "none",
            ])
            .args(features)
            .env("RUSTFLAGS", "--cfg tokio_unstable")
            .current_dir(ROOT);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.contains("nautil v"), "{tree}");
        assert_eq!(
            tree.contains("\nconsole-subscriber v"),
            is_expected,
            "{features:?}: {tree}"
        );
    }
}
