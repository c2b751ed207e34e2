//! Command lines that are wrong, and the options that every command takes.

use nautil::console::Code;

use crate::console::call;
use crate::project::{assert_done, assert_refused};

async fn refused(words: &[&str], err: &str) {
    assert_refused(&call(words).await, Code::Usage, err);
}

#[tokio::test]
async fn a_mistyped_command_gets_a_suggestion() {
    refused(
        &["demo:great"],
        "error: there is no command `demo:great`; did you mean `demo:greet`?\n",
    )
    .await;
}

#[tokio::test]
async fn a_command_that_is_like_no_other_gets_the_way_to_the_list() {
    refused(
        &["xyzzy"],
        "error: there is no command `xyzzy`; `app list` shows every command\n",
    )
    .await;
}

#[tokio::test]
async fn a_namespace_gets_its_commands() {
    refused(
        &["demo"],
        "error: there is no command `demo`; the commands there are demo:ask, demo:greet\n",
    )
    .await;
}

#[tokio::test]
async fn a_missing_argument_is_named() {
    refused(
        &["demo:greet"],
        "\
error: the following required arguments were not provided:
  <NAME>

Usage: app demo:greet <NAME>

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn an_argument_too_many_is_named() {
    refused(
        &["demo:greet", "Ada", "Grace"],
        "\
error: unexpected argument 'Grace' found

Usage: app demo:greet [OPTIONS] <NAME>

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn an_unknown_option_is_named() {
    refused(
        &["demo:greet", "Ada", "--shuot"],
        "\
error: unexpected argument '--shuot' found

  tip: a similar argument exists: '--shout'

Usage: app demo:greet --shout <NAME>

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn a_value_that_is_none_of_the_choices_is_named() {
    refused(
        &["end", "well"],
        "\
error: invalid value 'well' for '<HOW>'
  [possible values: noted, failed, said, misused]

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn an_option_without_its_value_is_named() {
    refused(
        &["list", "--env"],
        "\
error: a value is required for '--env <NAME>' but none was supplied

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn loud_and_quiet_at_once_is_wrong() {
    refused(
        &["list", "-q", "-v"],
        "\
error: the argument '--quiet' cannot be used with '--verbose...'

Usage: app list --quiet

For more information, try '--help'.
",
    )
    .await;
}

#[tokio::test]
async fn options_of_every_command_stand_anywhere() {
    for words in [
        &["--set", "app.boot_timeout=3s", "config:show", "app"][..],
        &["config:show", "--set", "app.boot_timeout=3s", "app"],
        &["config:show", "app", "--set=app.boot_timeout=3s"],
    ] {
        assert_done(
            &call(words).await,
            "key                   value  origin\n\
             app.boot_timeout      \"3s\"   --set\n\
             app.shutdown_timeout  \"10s\"  default\n",
        );
    }
}

#[tokio::test]
async fn the_last_of_two_settings_counts() {
    let words = [
        "config:show",
        "app",
        "--set",
        "app.boot_timeout=3s",
        "--set",
        "app.boot_timeout=4s",
    ];
    let called = call(&words).await;
    assert!(
        called
            .out
            .contains("app.boot_timeout      \"4s\"   --set\n"),
        "{}",
        called.out
    );
}

#[tokio::test]
async fn without_ansi_nothing_else_changes() {
    let list = call(&["list"]).await;
    assert!(!list.out.contains('\x1b'));
    assert_eq!(call(&["list", "--no-ansi"]).await, list);
}

#[tokio::test]
async fn words_behind_two_dashes_are_arguments() {
    assert_done(
        &call(&["demo:greet", "--", "--env"]).await,
        "hello, --env\n",
    );
}
