//! A directory and what should be in it.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nautil_codegen::{Error, Generated};

use crate::project::{Project, paths};

const SERVICES: &[&str] = &["proto/**/*.proto"];

fn lines(differences: &[nautil_codegen::Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

/// Makes a file look as if it had been written an hour ago, and says when that was.
fn age(path: &Path) -> SystemTime {
    let then = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(then)
        .unwrap();
    modified(path)
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Asserts that nothing lies about beside the directory.
fn assert_tidy(project: &Project) {
    let hidden = fs::read_dir(project.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let hidden: Vec<_> = hidden
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

fn written(project: &Project) -> Generated {
    let generated = project.generate(SERVICES);
    generated.write(&project.path("generated")).unwrap();
    generated
}

#[test]
fn the_first_write_writes_everything() {
    let project = Project::article();
    let generated = project.generate(SERVICES);
    let directory = project.path("generated");

    let changes = generated.write(&directory).unwrap();

    let expected: Vec<_> = paths(&generated)
        .iter()
        .map(|path| format!("generated/{path}: missing"))
        .collect();
    assert_eq!(lines(&changes), expected);
    for (path, content) in generated.files() {
        assert_eq!(fs::read(directory.join(path)).unwrap(), content);
    }
    assert_eq!(generated.differences(&directory).unwrap(), []);
    assert_tidy(&project);
}

#[test]
fn differences_are_missing_changed_and_stale() {
    let project = Project::article();
    let generated = written(&project);
    let directory = project.path("generated");
    fs::remove_file(directory.join("currency/dto.rs")).unwrap();
    fs::write(directory.join("config.rs"), "// edited").unwrap();
    fs::create_dir(directory.join("old")).unwrap();
    fs::write(directory.join("old/package.rs"), "").unwrap();
    let expected = [
        "generated/config.rs: differs",
        "generated/currency/dto.rs: missing",
        "generated/old/package.rs: stale",
    ];

    assert_eq!(lines(&generated.differences(&directory).unwrap()), expected);
    assert_eq!(lines(&generated.write(&directory).unwrap()), expected);

    assert_eq!(generated.differences(&directory).unwrap(), []);
    assert!(!directory.join("old").exists());
}

#[test]
fn a_fresh_directory_is_not_touched() {
    let project = Project::article();
    let generated = written(&project);
    let directory = project.path("generated");
    let before = modified(&directory);
    let file = age(&directory.join("mod.rs"));

    assert_eq!(generated.write(&directory).unwrap(), []);

    assert_eq!(modified(&directory), before);
    assert_eq!(modified(&directory.join("mod.rs")), file);
}

#[test]
fn unchanged_files_keep_their_time_of_modification() {
    let project = Project::article();
    written(&project);
    let directory = project.path("generated");
    let message = age(&directory.join("currency/dto.rs"));
    let service = age(&directory.join("currency.rs"));

    let contract = fs::read_to_string(project.path("proto/currency/service.proto")).unwrap();
    let project = project.with(
        "proto/currency/service.proto",
        &contract.replace("service Currency", "// Rates.\nservice Currency"),
    );
    let changes = project.generate(SERVICES).write(&directory).unwrap();

    assert_eq!(
        lines(&changes),
        [
            "generated/currency.rs: differs",
            "generated/descriptor_set.bin: differs"
        ]
    );
    assert_eq!(modified(&directory.join("currency/dto.rs")), message);
    assert_ne!(modified(&directory.join("currency.rs")), service);
}

#[test]
fn a_package_that_becomes_a_directory_or_ceases_to_be_one_is_written() {
    let project = Project::article();
    written(&project);
    let directory = project.path("generated");
    // A directory where a file is to be, and the other way round.
    fs::remove_file(directory.join("currency.rs")).unwrap();
    fs::create_dir(directory.join("currency.rs")).unwrap();
    fs::remove_dir_all(directory.join("currency")).unwrap();
    fs::write(directory.join("currency"), "").unwrap();

    let generated = project.generate(SERVICES);
    generated.write(&directory).unwrap();

    assert_eq!(generated.differences(&directory).unwrap(), []);
}

#[test]
fn a_contract_that_does_not_compile_leaves_the_directory_as_it_was() {
    let project = Project::article();
    let before = written(&project);
    let project = project.with(
        "proto/currency/message.proto",
        "syntax = 'proto3'; massage M {}",
    );
    project.try_generate(SERVICES).unwrap_err();
    assert_eq!(before.differences(&project.path("generated")).unwrap(), []);
}

#[test]
fn a_directory_of_other_files_is_not_replaced() {
    let project = Project::article().with("src/main.rs", "fn main() {}");
    let error = project
        .generate(SERVICES)
        .write(&project.path("src"))
        .unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    assert_eq!(
        fs::read_to_string(project.path("src/main.rs")).unwrap(),
        "fn main() {}"
    );
    assert_tidy(&project);
}

#[test]
fn a_file_in_the_place_of_the_directory_is_an_error_and_stays() {
    let project = Project::article().with("generated", "mine");
    project
        .generate(SERVICES)
        .write(&project.path("generated"))
        .unwrap_err();
    assert_eq!(
        fs::read_to_string(project.path("generated")).unwrap(),
        "mine"
    );
    assert_tidy(&project);
}
