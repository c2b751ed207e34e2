//! Whether the files that are committed say what the code says: `generated/`, `config/`, and what is packed with a crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use currency_rate::Kernel;
use nautil::grpc::GrpcConfig;
use nautil::testing::TestKernel;
use nautil_codegen::{Options, generate};

use crate::source::{keys, read};
use crate::support::{Project, ROOT};

#[tokio::test]
async fn generated_is_fresh() {
    let app = TestKernel::of(Kernel).start().await.unwrap();
    let config = app.get::<GrpcConfig>().unwrap();
    app.stop().await.unwrap();
    let options = Options {
        root: ROOT.into(),
        services: config.services.clone(),
        imports: config.imports.clone(),
        runtime: config.runtime.into(),
    };
    let generated = generate(&options).unwrap();
    assert!(generated.files().count() >= 5);
    let directory = Path::new(ROOT).join(&config.generated);
    let stale = generated.differences(&directory).unwrap();
    assert!(
        stale.is_empty(),
        "run `cargo run -- grpc:generate`: {stale:?}"
    );
}

/// Key, value and origin of everything that `config:show` shows.
async fn config(root: &Path) -> Vec<[String; 3]> {
    let called = TestKernel::of(Kernel)
        .root(root)
        .console(["config:show"])
        .await;
    let rows = called.out.lines().skip(1).map(|line| {
        let mut columns = line.split("  ").filter(|column| !column.is_empty());
        [(); 3].map(|()| columns.next().unwrap().trim().to_owned())
    });
    rows.collect()
}

#[tokio::test]
async fn every_key_is_in_its_file_with_its_default_and_no_other() {
    let empty = Project::new();
    empty.remove("config");
    empty.write("config/.gitkeep", "");
    let defaults = config(&empty.path(".")).await;
    assert!(defaults.len() >= 25, "{defaults:?}");
    assert!(
        defaults.iter().all(|[_, _, origin]| origin == "default"),
        "{defaults:?}"
    );
    let known: BTreeSet<String> = defaults.iter().map(|[key, ..]| key.clone()).collect();

    let sections: BTreeSet<&str> = known
        .iter()
        .filter_map(|key| key.split('.').next())
        .collect();
    let written: BTreeSet<String> = sections
        .iter()
        .flat_map(|section| {
            let keys = keys(&read(&format!("config/{section}.toml"))).into_iter();
            // What follows a name in quotes is a table that the file shows how to write.
            let keys = keys.map(|key| match key.split_once(".\"") {
                Some((table, _)) => table.to_owned(),
                None => key,
            });
            keys.map(move |key| format!("{section}.{key}"))
        })
        .collect();
    assert_eq!(written, known);

    let effective = config(Path::new(ROOT)).await;
    let changed = defaults
        .iter()
        .zip(&effective)
        .filter(|(default, now)| default[1] != now[1]);
    let changed: Vec<&str> = changed.map(|([key, ..], _)| key.as_str()).collect();
    assert_eq!(changed, ["grpc.services"], "what differs from its default");
}

#[test]
fn a_published_crate_says_what_it_is_and_brings_its_licences() {
    let crates = Path::new(ROOT).join("crates");
    let names: Vec<String> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let manifest = read(&format!("crates/{name}/Cargo.toml"));
        let keys = keys(&manifest);
        for key in [
            "description",
            "version",
            "rust-version",
            "license",
            "keywords",
            "categories",
            "include",
        ] {
            let own = format!("package.{key}");
            assert!(
                keys.contains(&own) || keys.contains(&format!("{own}.workspace")),
                "crates/{name}/Cargo.toml has no {key}"
            );
        }
        let title = format!("# {name}\n");
        assert!(read(&format!("crates/{name}/README.md")).starts_with(&title));
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let packed =
                fs::read_to_string(Path::new(ROOT).join(format!("crates/{name}/{licence}")));
            assert_eq!(
                packed.ok(),
                Some(read(licence)),
                "crates/{name}/{licence} is to be a link to ../../{licence}"
            );
        }
    }
}
