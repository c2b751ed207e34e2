//! Whether the Dockerfiles and the compose file agree with each other and with `config/`. Needs no engine.

use crate::source;
use crate::support::ROOT;

/// The lines that do something.
fn instructions(path: &str) -> String {
    let text = source::read(path);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The value behind `key`, in seconds.
fn seconds(path: &str, key: &str) -> u64 {
    let text = source::read(path);
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(key))
        .unwrap_or_else(|| panic!("{path} has no {key}"));
    let value = line.trim_matches([' ', '=', ':', '"']);
    humantime(value)
}

fn humantime(text: &str) -> u64 {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let scale = match &text[number.len()..] {
        "s" => 1,
        "m" => 60,
        unit => panic!("{unit} is not read here"),
    };
    number.parse::<u64>().unwrap() * scale
}

#[test]
fn both_images_are_made_by_the_same_build_so_that_it_runs_once() {
    let [server, cli] = ["server", "cli"].map(|name| {
        let text = instructions(&format!("deployment/docker/{name}/Dockerfile"));
        let (build, image) = text.split_once("\nFROM scratch").unwrap();
        assert!(image.contains("COPY --from=build"), "{text}");
        build.to_owned()
    });
    assert!(server.contains("deployment/docker/build"), "{server}");
    assert_eq!(server, cli);
}

#[test]
fn a_container_is_given_the_time_to_finish_its_calls() {
    let grace = seconds("docker-compose.yml", "stop_grace_period");
    let drain = seconds("config/server.toml", "drain_timeout");
    let shutdown = seconds("config/app.toml", "shutdown_timeout");
    assert!(
        grace > drain + shutdown,
        "{grace} s, {drain} s, {shutdown} s"
    );
}

#[test]
fn what_the_build_needs_is_let_in_and_the_env_file_is_not() {
    let text = instructions(".dockerignore");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("*"), "what is not named stays out");
    for line in lines {
        let path = line.strip_prefix("!/");
        let Some(path) = path else { continue };
        assert_ne!(path, ".env");
        let path = std::path::Path::new(ROOT).join(path);
        assert!(path.exists(), "{} is let in", path.display());
    }
}
