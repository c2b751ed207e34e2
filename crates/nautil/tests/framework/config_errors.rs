//! Files, keys and sections that are not there, all of them said at once; and what still works.

use std::sync::Arc;

use nautil::Bootloaders;
use nautil::bootloader::{Bootloader, Init};
use nautil::console::Code;
use nautil::container::{Container, ResolveError};

use crate::console::Demo;
use crate::project::{Project, assert_done, assert_refused};
use crate::sections::{Cache, Storage, cache, errors, errors_of, kernel};

#[tokio::test]
async fn a_file_that_is_no_toml_is_named_with_line_and_column() {
    let project = Project::new().config("cache.toml", "workers = 3\nlifetime = 30s\n");
    let called = kernel(&project).console(["config:show", "cache"]).await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.err,
        "error: config/cache.toml, line 2, column 14: expected newline, `#`\n"
    );
}

#[tokio::test]
async fn a_line_that_is_no_toml_is_not_repeated() {
    for (text, line, column, expected) in [
        (
            "token = hunter2",
            1,
            9,
            "invalid string, expected `\"`, `'`",
        ),
        ("token = \"hunter2", 1, 17, "invalid basic string"),
        ("token = 'hunter2\n", 1, 17, "invalid literal string"),
        (
            "token = '''hunter2\nhunter3",
            2,
            8,
            "invalid multiline literal string",
        ),
        (
            "token = \"größe\\hunter2\"",
            1,
            17,
            "invalid escape sequence, expected `b`, `f`, `n`, `r`, `t`, `u`, `U`, `\\`, `\"`",
        ),
        (
            "\u{feff}token = hunter2",
            1,
            9,
            "invalid string, expected `\"`, `'`",
        ),
        ("\r\ntoken \"hunter2\"", 2, 7, "expected `.`, `=`"),
        (
            "token = 'a'\ntoken = 'hunter2'",
            2,
            1,
            "duplicate key `token` in document root",
        ),
        ("token = 'a' hunter2", 1, 13, "expected newline, `#`"),
    ] {
        assert_eq!(
            errors_of(text).await,
            [format!(
                "config/cache.toml, line {line}, column {column}: {expected}"
            )],
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_a_list_or_a_table_should_be_is_not_repeated() {
    // Either may hold a secret.
    assert_eq!(
        errors_of("hosts = 'hunter2'\nlimits = 'hunter2'").await,
        [
            "cache.hosts (config/cache.toml): found a string, expected a list, such as [\"a\", \"b\"]",
            "cache.limits (config/cache.toml): found a string, expected a table",
        ]
    );
    let kernel = kernel(&Project::new())
        .env("APP_CACHE__HOSTS", "hunter2")
        .config("cache.limits=2");
    assert_eq!(
        errors(kernel).await,
        [
            "cache.hosts (APP_CACHE__HOSTS, environment): found a string, expected a list, such as [\"a\", \"b\"]",
            "cache.limits (--set): found a number, expected a table",
        ]
    );
}

#[tokio::test]
async fn a_character_that_would_move_the_cursor_is_shown_as_its_escape() {
    let project = Project::new()
        .config(
            "cache.toml",
            "path = \"\\u001b[2J\"\nlifetime = \"\\u001b[2J\"\nmode = \"\\u009b2J\"\n\"\\u001b[2J\" = 1\n\
             hosts = [\"${\\u001b[2J\"]\n[limits]\n\"a\\nb\" = 1\n",
        )
        .config("\u{1b}[2J.toml", "")
        .config("\u{1b}/cache.toml", "a = 1 b")
        .config("mail.toml", "\"\\u001b[2J\" = 1\n\"\\u001b[2J\" = 2");
    let kernel = kernel(&project)
        .env("APP_ENV", "\u{1b}")
        .env("APP_CACHE__A\u{1b}[2J", "1")
        .env("APP_\u{1b}[2J__A", "1")
        .env("APP_CACHE_A\u{1b}[2J", "1")
        .config("cache.a\u{202e}b=1")
        .config("\u{1b}[2J.a=1");
    let said = errors(kernel).await;
    let keys = "the keys are lifetime, size, page, path, label, workers, enabled, mode, hosts, ports, limits, token";
    assert_eq!(
        said,
        [
            "APP_\\u{1b}[2J__A, environment: there is no config section `\\u{1b}[2j`",
            "--set: there is no config section `\\u{1b}[2J`",
            "APP_CACHE_A\\u{1b}[2J, environment: two underscores part a section from its key; \
             did you mean APP_CACHE__A\\u{1b}[2J?",
            "config/\\u{1b}[2J.toml: there is no config section `\\u{1b}[2J`",
            "cache.hosts (config/cache.toml): found a `${` that no `}` closes, expected ${NAME} or ${NAME:-default}",
            "config/\\u{1b}/cache.toml, line 1, column 7: expected newline, `#`",
            &format!("cache.\\u{{1b}}[2J (config/cache.toml): there is no such key; {keys}"),
            &format!(
                "cache.a\\u{{1b}}[2j (APP_CACHE__A\\u{{1b}}[2J, environment): there is no such key; {keys}"
            ),
            &format!("cache.a\\u{{202e}}b (--set): there is no such key; {keys}"),
            "cache.lifetime (config/cache.toml): found \"\\u{1b}[2J\", \
             expected a duration with its unit, such as \"30s\" or \"250ms\"",
            "cache.limits.a\\nb (config/cache.toml): there is no such key; the keys are entries, ratio",
            "cache.mode (config/cache.toml): found \"\\u{9b}2J\", expected \"memory\" or \"disk\"",
            "config/mail.toml, line 2, column 1: duplicate key `\\u{1b}[2J` in document root",
        ]
    );
    assert!(!said.concat().contains(char::is_control), "{said:?}");
}

#[tokio::test]
async fn an_unknown_key_names_the_nearest() {
    assert_eq!(
        errors_of("wokers = 3").await,
        ["cache.wokers (config/cache.toml): there is no such key; did you mean `workers`?"]
    );
}

#[tokio::test]
async fn an_unknown_key_that_is_near_to_none_names_them_all() {
    assert_eq!(
        errors_of("colour = 3").await,
        [
            "cache.colour (config/cache.toml): there is no such key; the keys are \
          lifetime, size, page, path, label, workers, enabled, mode, hosts, ports, limits, token"
        ]
    );
}

#[tokio::test]
async fn an_unknown_key_in_a_table_is_named_with_its_path() {
    assert_eq!(
        errors_of("[limits]\nentires = 3\nheight = 4").await,
        [
            "cache.limits.entires (config/cache.toml): there is no such key; did you mean `entries`?",
            "cache.limits.height (config/cache.toml): there is no such key; the keys are entries, ratio",
        ]
    );
}

#[tokio::test]
async fn an_unknown_key_of_a_variable_or_a_flag_is_an_error_too() {
    let kernel = kernel(&Project::new())
        .env("APP_CACHE__WOKERS", "3")
        .config("cache.limits.entires=3");
    assert_eq!(
        errors(kernel).await,
        [
            "cache.limits.entires (--set): there is no such key; did you mean `entries`?",
            "cache.wokers (APP_CACHE__WOKERS, environment): there is no such key; did you mean `workers`?",
        ]
    );
}

#[tokio::test]
async fn a_section_that_is_not_there_is_an_error_whoever_names_it() {
    let project = Project::new()
        .config("cahce.toml", "")
        .config("local/weather.toml", "");
    let kernel = kernel(&project)
        .env("APP_MIAL__PORT", "25")
        .config("weather.wind=3");
    assert_eq!(
        errors(kernel).await,
        [
            "APP_MIAL__PORT, environment: there is no config section `mial`; did you mean `mail`?",
            "--set: there is no config section `weather`",
            "config/cahce.toml: there is no config section `cahce`; did you mean `cache`?",
            "config/local/weather.toml: there is no config section `weather`",
        ]
    );
}

#[tokio::test]
async fn a_variable_with_one_underscore_too_few_is_told_what_it_would_be() {
    let kernel = kernel(&Project::new())
        .env("APP_CACHE_WORKERS", "3")
        .env("APP_CACHE_LIMITS_ENTRIES", "3");
    assert_eq!(
        errors(kernel).await,
        [
            "APP_CACHE_LIMITS_ENTRIES, environment: two underscores part a section from its key; \
             did you mean APP_CACHE__LIMITS_ENTRIES?",
            "APP_CACHE_WORKERS, environment: two underscores part a section from its key; \
             did you mean APP_CACHE__WORKERS?",
        ]
    );
}

#[tokio::test]
async fn what_kubernetes_sets_for_a_service_is_no_key_of_a_section() {
    let kernel = kernel(&Project::new())
        .env("APP_CACHE_SERVICE_HOST", "10.0.0.11")
        .env("APP_CACHE_PORT", "tcp://10.0.0.11:80")
        .env("APP_CACHE_PORT_80_TCP_ADDR", "10.0.0.11");
    assert_eq!(cache(kernel).await.workers, 2);
}

#[tokio::test]
async fn a_flag_that_is_no_assignment_is_an_error_and_is_not_repeated() {
    for text in [
        "cache.workers",
        "workers=3",
        ".workers=3",
        "cache.=3",
        "hunter2",
        "hunter2=",
        "",
    ] {
        let kernel = kernel(&Project::new())
            .config("cache.workers=3")
            .config(text);
        assert_eq!(
            errors(kernel).await,
            ["--set number 2: expected <section>.<key>=<value>"],
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_project_without_its_config_directory_is_an_error() {
    let project = Project::new();
    std::fs::remove_dir(project.path().join("config")).unwrap();
    assert_eq!(
        errors(kernel(&project)).await,
        ["no config directory at config: run from the project's root, or name it with --config"]
    );
}

#[tokio::test]
async fn a_config_directory_that_is_named_and_not_there_is_an_error() {
    let project = Project::new();
    let kernel = kernel(&project);
    let called = kernel.console(["config:show", "--config", "etc"]).await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.err,
        "error: no config directory at etc: run from the project's root, or name it with --config\n"
    );
}

#[tokio::test]
async fn another_config_directory_can_be_named() {
    let project = Project::new();
    std::fs::create_dir(project.path().join("etc")).unwrap();
    std::fs::write(project.path().join("etc/mail.toml"), "port = 25").unwrap();
    assert_done(
        &kernel(&project)
            .console(["config:show", "mail", "--config", "etc"])
            .await,
        "key          value  origin\n\
         mail.port    25     etc/mail.toml\n\
         mail.sender  \"\"     default\n",
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error() {
    let project = Project::new();
    std::fs::create_dir(project.path().join("config/cache.toml")).unwrap();
    std::fs::write(project.path().join("config/mail.toml"), b"\xff\xfe").unwrap();
    assert_eq!(
        errors(kernel(&project)).await,
        [
            "cannot read config/cache.toml: Is a directory (os error 21)",
            "cannot read config/mail.toml: stream did not contain valid UTF-8",
        ]
    );
}

#[tokio::test]
async fn every_error_of_every_section_is_said_once() {
    let project = Project::new()
        .config(
            "cache.toml",
            "wokers = 3\nlifetime = 30\npath = '${NOWHERE}'",
        )
        .config("mail.toml", "port = 'smtp'")
        .config("weather.toml", "");
    let kernel = kernel(&project).env("APP_MAIL__SENDR", "me");
    assert_eq!(
        errors(kernel).await,
        [
            "config/weather.toml: there is no config section `weather`",
            "cache.path (config/cache.toml): the variable NOWHERE is not set, and `${NOWHERE}` has no default; \
             set it, or write ${NOWHERE:-…}",
            "cache.lifetime (config/cache.toml): found 30, \
             expected a duration with its unit, such as \"30s\" or \"250ms\"",
            "cache.wokers (config/cache.toml): there is no such key; did you mean `workers`?",
            "mail.port (config/mail.toml): found \"smtp\", expected a whole number from 0 to 65535",
            "mail.sendr (APP_MAIL__SENDR, environment): there is no such key; did you mean `sender`?",
        ]
    );
}

#[tokio::test]
async fn a_broken_section_leaves_alone_who_does_not_need_it() {
    let project = Project::new().config("cache.toml", "wokers = 3");
    let kernel = project.kernel(|| Bootloaders::new().with(Storage).with(Demo));
    assert_done(&kernel.console(["demo:greet", "Ada"]).await, "hello, Ada\n");
}

#[tokio::test]
async fn a_command_that_needs_a_broken_section_says_what_is_wrong_with_it() {
    let project = Project::new().config("cache.toml", "wokers = 3\nworkers = 'x'");
    assert_refused(
        &kernel(&project).console(["cache:show"]).await,
        Code::Failed,
        "error: cache.wokers (config/cache.toml): there is no such key; did you mean `workers`?\n\
         error: cache.workers (config/cache.toml): found \"x\", expected a whole number from 0 to 65535\n",
    );
}

#[derive(Debug, thiserror::Error)]
#[error("there is no size")]
struct NoSize(#[source] ResolveError);

#[derive(PartialEq)]
struct Sizes;

impl Bootloader for Sizes {
    fn init(&self, init: &mut Init<'_>) {
        init.factory::<u64>(|resolver| {
            let container = resolver.get::<Container>();
            let cache = container.get::<Cache>().map_err(NoSize)?;
            Ok(Arc::new(cache.size))
        });
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_section_is_a_cause_of_what_fails_without_it() {
    let project = Project::new().config("cache.toml", "wokers = 3");
    let kernel = project.kernel(|| Bootloaders::new().with(Storage).with(Sizes));
    let wokers = "cache.wokers (config/cache.toml): there is no such key; did you mean `workers`?";
    assert_refused(
        &kernel.console(["container:check"]).await,
        Code::Failed,
        &format!(
            "error: `u64`, bound by bootloader `Sizes`, cannot be made\n  \
             because there is no size\n  \
             because `Cache`, bound by bootloader `Storage`, cannot be made\n  \
             because the config section `cache` is broken\n  {wokers}\n\
             error: {wokers}\n"
        ),
    );
}
