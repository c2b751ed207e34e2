//! Whether the rooms of the source know only whom they may know.

use crate::source::{Source, keys, read, rust};

/// The rooms of the application, each with those that it may name.
const DOORS: [(&str, &[&str]); 6] = [
    ("domain", &[]),
    ("infrastructure", &["domain"]),
    ("endpoint", &["domain", "generated"]),
    ("bootloader", &["endpoint", "infrastructure", "domain"]),
    ("kernel", &["bootloader", "generated"]),
    // `lib.rs` shows everybody in.
    (
        "lib",
        &[
            "domain",
            "infrastructure",
            "endpoint",
            "bootloader",
            "kernel",
            "generated",
        ],
    ),
];

/// What the domain knows nothing of.
const FOREIGN_TO_DOMAIN: [&str; 7] = [
    "clap", "figment", "hyper", "nautil", "prost", "reqwest", "tonic",
];

/// The room of a module, or of an item in it, by its path from the root of the crate.
fn room(path: &[String]) -> Option<&str> {
    let first = path.first()?;
    match first.as_str() {
        "application" if path.get(1).is_some_and(|next| next == "bootloader") => Some("bootloader"),
        "application" | "Kernel" => Some("kernel"),
        "lib" => Some("lib"),
        name => DOORS
            .iter()
            .map(|(room, _)| *room)
            .find(|room| *room == name)
            .or_else(|| (name == "generated").then_some("generated")),
    }
}

/// The module that a file of `app/src` is.
fn module(source: &Source) -> Vec<String> {
    let path = source
        .path
        .strip_prefix("app/src")
        .unwrap()
        .with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    parts.filter(|part| part != "mod").collect()
}

/// Every place where a room names another one that it may not name.
fn trespasses(source: &Source) -> Vec<String> {
    let here = module(source);
    let own = room(&here).unwrap_or_else(|| panic!("{} is in no room", source.path.display()));
    let (_, doors) = DOORS.iter().find(|(name, _)| *name == own).unwrap();
    let paths = source.paths().into_iter();
    let named = paths.filter_map(|path| {
        let absolute: Vec<String> = match path.first()?.as_str() {
            "crate" => path[1..].to_vec(),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let parents = &here[..here.len().saturating_sub(up)];
                [parents, &path[up..]].concat()
            }
            _ => return None,
        };
        let other = room(&absolute)?;
        let is_open = other == own || doors.contains(&other);
        (!is_open).then(|| format!("{} names {}", source.path.display(), path.join("::")))
    });
    named.collect()
}

#[test]
fn doors_open_one_way() {
    let files = rust("app/src");
    for (own, expected) in [
        ("domain", 4),
        ("infrastructure", 3),
        ("endpoint", 6),
        ("bootloader", 2),
        ("kernel", 2),
        ("lib", 1),
    ] {
        let found = files
            .iter()
            .filter(|file| room(&module(file)) == Some(own))
            .count();
        assert!(found >= expected, "{own} has {found} files");
    }
    let trespasses: Vec<String> = files.iter().flat_map(trespasses).collect();
    assert_eq!(trespasses, [""; 0]);
}

#[test]
fn a_door_that_is_not_there_is_found_however_it_is_written() {
    for (path, code) in [
        (
            "app/src/domain/rate.rs",
            "use crate::infrastructure::RatesConfig;",
        ),
        (
            "app/src/domain/rate.rs",
            "fn f() { let _ = crate::generated::DESCRIPTOR_SET; }",
        ),
        (
            "app/src/domain/mod.rs",
            "use crate::{domain::Rate, endpoint::{grpc::{Status}}};",
        ),
        (
            "app/src/endpoint/grpc/status.rs",
            "use super::super::super::infrastructure::RatesConfig;",
        ),
        (
            "app/src/endpoint/console/mod.rs",
            "fn f() { call!(crate::Kernel) }",
        ),
        (
            "app/src/application/bootloader/rates.rs",
            "use super::super::kernel::Kernel;",
        ),
        (
            "app/src/application/bootloader/rates.rs",
            "use crate::generated::ServiceBootloader;",
        ),
    ] {
        assert_eq!(
            trespasses(&Source::of(path, code)).len(),
            1,
            "{path}: {code}"
        );
    }
}

#[test]
fn the_domain_knows_no_framework() {
    let files = rust("app/src/domain");
    let paths: Vec<_> = files.iter().flat_map(Source::paths).collect();
    assert!(paths.len() >= 100, "{} paths", paths.len());
    let foreign = paths
        .iter()
        .filter(|path| FOREIGN_TO_DOMAIN.contains(&path[0].as_str()));
    assert_eq!(foreign.collect::<Vec<_>>(), Vec::<&Vec<String>>::new());
}

/// The code of the application and of the framework, without tests of their own and what is generated.
fn everything() -> Vec<Source> {
    let mut files = rust("app.rs");
    for path in [
        "app/src",
        "crates/nautil/src",
        "crates/nautil-grpc/src",
        "crates/nautil-codegen/src",
        "crates/nautil-cli/src",
    ] {
        files.extend(rust(path));
    }
    assert!(files.len() >= 100, "{} files", files.len());
    files
}

fn names_of(files: &[Source], is_found: impl Fn(&Source) -> bool) -> Vec<&str> {
    let found = files.iter().filter(|file| is_found(file));
    found.map(|file| file.path.to_str().unwrap()).collect()
}

#[test]
fn tonic_is_behind_one_door() {
    let names_tonic = |source: &Source| {
        source
            .paths()
            .iter()
            .any(|path| path[0] == "tonic" || path[0].starts_with("tonic_"))
    };
    let mut files = everything();
    files.extend(rust("generated"));
    let (behind, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| {
        file.is_below("crates/nautil-grpc") || file.is_below("crates/nautil-codegen")
    });
    assert!(names_of(&behind, names_tonic).len() >= 10);
    assert_eq!(names_of(&others, names_tonic), [""; 0]);

    for manifest in [
        "Cargo.toml",
        "crates/nautil/Cargo.toml",
        "crates/nautil-cli/Cargo.toml",
    ] {
        let dependencies: Vec<String> = keys(&read(manifest))
            .into_iter()
            .filter(|key| key.starts_with("dependencies."))
            .collect();
        assert!(
            dependencies
                .iter()
                .any(|key| key.starts_with("dependencies.nautil")),
            "{dependencies:?}"
        );
        assert!(
            !dependencies.iter().any(|key| key.contains("tonic")),
            "{manifest}: {dependencies:?}"
        );
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    let readers = ["var", "var_os", "vars", "vars_os"];
    let files = everything();
    let found = names_of(&files, |file| {
        file.paths().iter().any(|path| {
            path.windows(2)
                .any(|pair| pair[0] == "env" && readers.contains(&pair[1].as_str()))
        })
    });
    assert_eq!(found, ["crates/nautil/src/environment/mod.rs"]);
}

#[test]
fn nobody_prints_but_the_output() {
    let files = everything();
    for name in ["print", "println", "eprint", "eprintln", "dbg"] {
        assert_eq!(
            names_of(&files, |file| file.calls(name)),
            [""; 0],
            "{name}!"
        );
    }
    // They would be seen: the output itself writes with these.
    assert!(
        names_of(&files, |file| file.calls("writeln"))
            .contains(&"crates/nautil/src/console/output.rs")
    );
    let streams = names_of(&files, |file| {
        file.paths().iter().any(|path| {
            path.last()
                .is_some_and(|last| last == "stdout" || last == "stderr")
        })
    });
    assert!(
        streams.contains(&"crates/nautil/src/console/output.rs"),
        "{streams:?}"
    );
}

#[test]
fn nothing_is_unsafe() {
    let files = everything();
    let found = names_of(&files, |file| {
        file.paths().iter().flatten().any(|part| part == "unsafe")
    });
    assert_eq!(found, [""; 0]);
    assert!(read("Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
    for manifest in [
        "Cargo.toml",
        "crates/nautil/Cargo.toml",
        "crates/nautil-grpc/Cargo.toml",
        "crates/nautil-codegen/Cargo.toml",
        "crates/nautil-cli/Cargo.toml",
    ] {
        assert!(
            keys(&read(manifest)).contains(&"lints.workspace".to_owned()),
            "{manifest}"
        );
    }
}

#[test]
fn grpc_knows_no_application() {
    let foreign = ["clap", "figment", "nautil", "shaku"];
    let files = rust("crates/nautil-grpc/src");
    let found = names_of(&files, |file| {
        file.paths()
            .iter()
            .any(|path| foreign.contains(&path[0].as_str()))
    });
    assert_eq!(found, [""; 0]);
    let dependencies = keys(&read("crates/nautil-grpc/Cargo.toml"));
    for name in foreign {
        let key = format!("dependencies.{name}.workspace");
        assert!(!dependencies.contains(&key), "{name}");
    }
    assert!(dependencies.contains(&"dependencies.tokio.workspace".to_owned()));
}
