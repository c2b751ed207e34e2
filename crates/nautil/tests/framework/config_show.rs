//! `config:show`, and what becomes of secrets.

use std::collections::BTreeMap;

use nautil::Bootloaders;
use nautil::bootloader::{Bootloader, Init};
use nautil::config::Section;
use nautil::console::Code;
use serde::{Deserialize, Serialize};

use crate::project::{Project, assert_done, assert_refused};
use crate::sections::{errors, errors_of, kernel};

#[tokio::test]
async fn every_key_is_shown_with_its_value_and_origin() {
    let project = Project::new()
        .config(
            "cache.toml",
            "lifetime = '90s'\nhosts = ['a', 'b']\ntoken = 'hunter2'",
        )
        .config("production/cache.toml", "workers = 4");
    let kernel = kernel(&project)
        .env("CACHE_PATH", "/var/cache")
        .env("APP_CACHE__MODE", "disk");
    let arguments = [
        "config:show",
        "cache",
        "--env",
        "production",
        "--set",
        "cache.limits.ratio=0.25",
    ];
    assert_done(
        &kernel.console(arguments).await,
        "\
key                   value         origin
cache.enabled         true          default
cache.hosts           [\"a\", \"b\"]    config/cache.toml
cache.label           unset         default
cache.lifetime        \"1m 30s\"      config/cache.toml
cache.limits.entries  100           default
cache.limits.ratio    0.25          --set
cache.mode            \"disk\"        APP_CACHE__MODE, environment
cache.page            \"4KiB\"        default
cache.path            \"/var/cache\"  CACHE_PATH, environment
cache.ports           []            default
cache.size            \"4MiB\"        default
cache.token           \"********\"    config/cache.toml
cache.workers         4             config/production/cache.toml
",
    );
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Zones {
    names: BTreeMap<String, String>,
}

impl Section for Zones {
    const NAME: &'static str = "zones";
}

#[derive(PartialEq)]
struct Time;

impl Bootloader for Time {
    fn init(&self, init: &mut Init<'_>) {
        init.config::<Zones>();
    }
}

#[tokio::test]
async fn a_table_is_shown_key_by_key_or_as_empty() {
    let zones = async |project: &Project| {
        let kernel = project.kernel(|| Bootloaders::new().with(Time));
        kernel.console(["config:show", "zones"]).await
    };
    assert_done(
        &zones(&Project::new()).await,
        "key          value  origin\nzones.names  {}     default\n",
    );
    let project = Project::new().config("zones.toml", "[names]\nhere = 'UTC'\nthere = 'CET'");
    assert_done(
        &zones(&project).await,
        "key                value  origin\n\
         zones.names.here   \"UTC\"  config/zones.toml\n\
         zones.names.there  \"CET\"  config/zones.toml\n",
    );
}

#[tokio::test]
async fn without_a_section_all_are_shown_in_the_order_of_their_bootloaders() {
    let called = kernel(&Project::new()).console(["config:show"]).await;
    assert_done(&called, &called.out);
    let mut sections: Vec<&str> = called
        .out
        .lines()
        .skip(1)
        .filter_map(|line| line.split('.').next())
        .collect();
    sections.dedup();
    assert_eq!(sections.first(), Some(&"app"));
    assert_eq!(sections[sections.len() - 2..], ["cache", "mail"]);
}

#[tokio::test]
async fn errors_stand_behind_the_table() {
    let project = Project::new().config("cache.toml", "wokers = 3");
    let called = kernel(&project).console(["config:show", "mail"]).await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.out,
        "key          value  origin\nmail.port    0      default\nmail.sender  \"\"     default\n"
    );
    assert_eq!(
        called.err,
        "error: cache.wokers (config/cache.toml): there is no such key; did you mean `workers`?\n"
    );
}

#[tokio::test]
async fn a_section_that_is_not_there_is_wrong_use() {
    let kernel = kernel(&Project::new());
    assert_refused(
        &kernel.console(["config:show", "cahce"]).await,
        Code::Usage,
        "error: there is no config section `cahce`; did you mean `cache`?\n",
    );
}

#[tokio::test]
async fn a_secret_of_the_wrong_type_is_not_printed() {
    for text in [
        "12345",
        "-12345",
        "123.45",
        "['12345']",
        "true",
        "{ v12345 = '12345' }",
        "1979-01-23",
    ] {
        let said = errors_of(&format!("token = {text}")).await;
        let [said] = &said[..] else {
            unreachable!("one error for {text}, found {said:?}")
        };
        assert!(
            said.starts_with("cache.token (config/cache.toml): "),
            "{said}"
        );
        assert!(said.ends_with(", expected a string in quotes"), "{said}");
        assert!(
            !["12345", "123.45", "v12345", "true", "1979"]
                .iter()
                .any(|secret| said.contains(secret)),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_key_below_a_secret_is_refused_without_its_value() {
    let kernel = kernel(&Project::new()).config("cache.token.value=hunter2");
    assert_eq!(
        errors(kernel).await,
        ["cache.token (--set): found a table, expected a string in quotes"]
    );
}

#[tokio::test]
async fn the_password_of_a_url_is_shown_nowhere() {
    const URL: &str = "postgres://me:hunter2@db/rates";
    const MASKED: &str = "postgres://me:********@db/rates";
    let project = Project::new().config(
        "cache.toml",
        &format!("path = '{URL}'\nhosts = ['a', '{URL}']"),
    );
    let shown = kernel(&project).console(["config:show", "cache"]).await;
    assert_eq!(shown.code, Code::Done);
    let in_list = format!("[\"a\", \"{MASKED}\"]");
    for masked in [format!("  \"{MASKED}\"  "), in_list] {
        assert!(shown.out.contains(&masked), "{}", shown.out);
    }

    let said = errors_of(&format!(
        "lifetime = '{URL}'\nsize = '{URL}'\nworkers = '{URL}'\nmode = '{URL}'\nenabled = ['{URL}']"
    ))
    .await;
    assert_eq!(said.len(), 5, "{said:?}");
    for line in said {
        assert!(line.contains(&format!("\"{MASKED}\"")), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}
