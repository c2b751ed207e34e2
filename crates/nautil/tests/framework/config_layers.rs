//! Where a value comes from: each layer over the one below, and `${…}` in files.

use crate::project::Project;
use crate::sections::{cache, cache_of, errors_of, kernel};

#[tokio::test]
async fn without_files_the_defaults_serve() {
    let cache = cache(kernel(&Project::new())).await;
    assert_eq!((cache.workers, cache.limits.entries), (2, 100));
}

#[tokio::test]
async fn a_file_is_over_the_defaults_key_by_key() {
    let cache = cache_of("workers = 3\n[limits]\nentries = 7").await;
    assert_eq!((cache.workers, cache.limits.entries), (3, 7));
    assert_eq!((cache.enabled, cache.limits.ratio), (true, 0.5));
}

/// Every layer up to `config/<environment>/`, all of which set `path`.
fn layered() -> Project {
    Project::new()
        .config("cache.toml", "path = 'file'\nworkers = 3\nlabel = 'file'")
        .config("production/cache.toml", "path = 'overlay'\nworkers = 4")
        .config("testing/cache.toml", "path = 'another'")
}

#[tokio::test]
async fn the_file_of_the_environment_is_over_the_common_one() {
    let kernel = kernel(&layered()).env("APP_ENV", "production");
    let cache = cache(kernel).await;
    assert_eq!((&*cache.path, cache.workers), ("overlay", 4));
    assert_eq!(cache.label.as_deref(), Some("file"));
}

#[tokio::test]
async fn the_environment_is_local_where_nobody_says_otherwise() {
    let project = layered().config("local/cache.toml", "path = 'here'");
    assert_eq!(cache(kernel(&project)).await.path, "here");
}

#[tokio::test]
async fn a_variable_of_the_section_is_over_the_files() {
    let kernel = kernel(&layered())
        .env("APP_ENV", "production")
        .env("CACHE_PATH", "variable")
        .env("CACHE_ENTRIES", "12");
    let cache = cache(kernel).await;
    assert_eq!((&*cache.path, cache.limits.entries), ("variable", 12));
}

#[tokio::test]
async fn an_app_variable_is_over_the_section_s_own() {
    let kernel = kernel(&layered())
        .env("CACHE_PATH", "variable")
        .env("APP_CACHE__PATH", "app variable")
        .env("CACHE_ENTRIES", "12")
        .env("APP_CACHE__LIMITS__ENTRIES", "13");
    let cache = cache(kernel).await;
    assert_eq!((&*cache.path, cache.limits.entries), ("app variable", 13));
}

#[tokio::test]
async fn the_command_line_is_over_everything() {
    let kernel = kernel(&layered())
        .env("APP_CACHE__PATH", "app variable")
        .env("APP_CACHE__LIMITS__ENTRIES", "13")
        .config("cache.path=a flag = this")
        .config("cache.limits.entries=14");
    let cache = cache(kernel).await;
    assert_eq!((&*cache.path, cache.limits.entries), ("a flag = this", 14));
}

#[tokio::test]
async fn a_table_is_merged_and_a_list_is_replaced() {
    let project = Project::new()
        .config("cache.toml", "hosts = ['a', 'b']\n[limits]\nentries = 7")
        .config("local/cache.toml", "hosts = ['c']\n[limits]\nratio = 0.1");
    let cache = cache(kernel(&project)).await;
    assert_eq!(cache.hosts, ["c"]);
    assert_eq!((cache.limits.entries, cache.limits.ratio), (7, 0.1));
}

async fn with_variables(text: &str) -> std::sync::Arc<crate::sections::Cache> {
    let project = Project::new().config("cache.toml", text);
    let kernel = kernel(&project)
        .env("HOST", "db.internal")
        .env("COUNT", "8")
        .env("EMPTY", "");
    cache(kernel).await
}

#[tokio::test]
async fn a_value_may_refer_to_a_variable() {
    let cache = with_variables("path = 'https://${HOST}/cache'").await;
    assert_eq!(cache.path, "https://db.internal/cache");
}

#[tokio::test]
async fn a_reference_falls_back_to_its_default() {
    let cache = with_variables("path = '${NOWHERE:-/tmp}/${EMPTY:-cache}'\nworkers = '${NONE:-5}'");
    let cache = cache.await;
    assert_eq!((&*cache.path, cache.workers), ("/tmp/cache", 5));
}

#[tokio::test]
async fn references_are_replaced_in_lists_and_tables() {
    let cache = with_variables("hosts = ['a', '${HOST}']\n[limits]\nentries = '${COUNT}'").await;
    assert_eq!(cache.hosts, ["a", "db.internal"]);
    assert_eq!(cache.limits.entries, 8);
}

#[tokio::test]
async fn references_in_a_list_of_numbers_are_read_as_numbers() {
    let cache = with_variables("ports = ['${COUNT}', 9]").await;
    assert_eq!(cache.ports, [8, 9]);
}

#[tokio::test]
async fn a_reference_to_nothing_is_an_error() {
    assert_eq!(
        errors_of("path = '${NOWHERE}'\nhosts = ['${NOBODY}']").await,
        [
            "cache.hosts (config/cache.toml): the variable NOBODY is not set, and `${NOBODY}` has no default; \
             set it, or write ${NOBODY:-…}",
            "cache.path (config/cache.toml): the variable NOWHERE is not set, and `${NOWHERE}` has no default; \
             set it, or write ${NOWHERE:-…}",
        ]
    );
}

#[tokio::test]
async fn a_reference_that_does_not_close_is_an_error() {
    assert_eq!(
        errors_of("path = '${HOST'").await,
        [
            "cache.path (config/cache.toml): found a `${` that no `}` closes, expected ${NAME} or ${NAME:-default}"
        ]
    );
}

#[tokio::test]
async fn a_reference_that_is_wrong_is_told_without_the_value_around_it() {
    for text in [
        "hunter2${HOST",
        "${HOST hunter2",
        "${hunter2-}",
        "${:-hunter2}",
        "${HOST:-${hunter2}",
        "${NONE:-${hunter2 }}",
    ] {
        let said = errors_of(&format!("path = '{text}'")).await.concat();
        assert!(
            said.starts_with("cache.path (config/cache.toml): found a `${`"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn references_that_nest_too_deep_are_an_error_and_no_end_of_the_stack() {
    let nested = |depth| {
        format!(
            "path = '{}here{}'",
            "${NONE:-".repeat(depth),
            "}".repeat(depth)
        )
    };
    assert_eq!(cache_of(&nested(32)).await.path, "here");
    assert_eq!(
        errors_of(&nested(20_000)).await,
        ["cache.path (config/cache.toml): found braces nested 20000 deep, expected at most 32"]
    );
}

#[tokio::test]
async fn a_dollar_that_opens_no_brace_is_itself() {
    for text in ["H$ello$%World^$&x", "a$$b", "$", "$$", "a$"] {
        assert_eq!(cache_of(&format!("path = '{text}'")).await.path, text);
    }
    let cache = with_variables("path = '$${HOST} is ${HOST}'\nlabel = '$$${HOST}'").await;
    assert_eq!(cache.path, "${HOST} is db.internal");
    assert_eq!(cache.label.as_deref(), Some("$${HOST}"));
}

#[tokio::test]
async fn values_of_variables_are_taken_as_they_are() {
    let kernel = kernel(&Project::new()).env("CACHE_PATH", "${HOME}/$$");
    assert_eq!(cache(kernel).await.path, "${HOME}/$$");
}
