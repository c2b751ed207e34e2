//! Files, keys and sections that are not there, all of them said at once; and what still works.

use nautil::Bootloaders;
use nautil::console::Code;

use crate::console::Demo;
use crate::project::{Project, assert_done, assert_refused};
use crate::sections::{Storage, errors, errors_of, kernel};

#[tokio::test]
async fn a_file_that_is_no_toml_is_shown_with_line_and_caret() {
    let project = Project::new().config("cache.toml", "workers = 3\nlifetime = 30s\n");
    let called = kernel(&project).console(["config:show", "cache"]).await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.err,
        "\
error: config/cache.toml: TOML parse error at line 2, column 14
  |
2 | lifetime = 30s
  |              ^
expected newline, `#`
"
    );
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
async fn a_flag_that_is_no_assignment_is_an_error() {
    for text in ["cache.workers", "workers=3", ".workers=3", "cache.=3"] {
        let kernel = kernel(&Project::new()).config(text);
        assert_eq!(
            errors(kernel).await,
            [format!("--set {text}: expected <section>.<key>=<value>")]
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
