//! What the console shows of its commands: the list, and the page of one.

use nautil::Bootloaders;
use nautil::console::Code;

use crate::console::{Asking, Demo, call};
use crate::project::{Project, assert_done, assert_refused};

/// The list, in the parts between which the commands of the features stand.
const LIST: [&str; 3] = [
    "\
rates 1.0.0 (local)

Usage
  app [OPTIONS] <COMMAND> [ARGUMENTS]

Options
      --env <NAME>               The environment, over APP_ENV
      --config <DIRECTORY>       The directory of the configuration [default: config]
      --set <SECTION.KEY=VALUE>  A config value, over files and environment
  -v, --verbose...               Say more (-vv: everything)
  -q, --quiet                    Print results and errors alone
      --no-ansi                  No colours

Commands
  completion          Print the completion script of a shell
",
    "  end                 End as told
  health              Ask a server whether it serves: exit code 0 if it does, 1 if not
  help                Show the help of a command
  list                List every command
  serve               Serve the gRPC services until SIGINT or SIGTERM
 config
  config:show         Show the effective configuration, with the origin of each value
 console
  console:wait        Wait for SIGINT or SIGTERM, so that a container stays up for the commands that are run in it
 container
  container:check     Build everything that is bound, and report every fault
  container:list      List what is bound, to what, and by which bootloader
 demo
  demo:ask            Ask for the time
  demo:greet          Greet somebody
 grpc
",
    "  grpc:services       List the served services: methods, kinds, implementation, bootloader
 kernel
  kernel:bootloaders  Show the bootloaders in their order, why some are skipped, and milliseconds per phase
",
];

const DEV: &str =
    "  dev                 Serve, and swap the server for a new one whenever a file changes\n";
const EXPLAIN: &str = "  grpc:explain        What holds for the calls of one method: limits, deadlines, interceptors, and where each comes from\n";
const GENERATE: &str = "  grpc:generate       Generate messages, interfaces and clients from the contracts in config/grpc.toml\n";

#[tokio::test]
async fn the_list_groups_commands_by_namespace() {
    let generate = if cfg!(feature = "codegen") {
        GENERATE
    } else {
        ""
    };
    let dev = if cfg!(feature = "dev") { DEV } else { "" };
    let [start, middle, end] = LIST;
    let list = [start, dev, middle, EXPLAIN, generate, end].concat();
    assert_done(&call(&["list"]).await, &list);
}

#[tokio::test]
async fn no_arguments_help_and_list_show_the_same() {
    let list = call(&["list"]).await;
    for words in [&[][..], &["help"], &["--help"], &["-h"]] {
        assert_eq!(call(words).await, list, "{words:?}");
    }
}

#[tokio::test]
async fn the_list_names_the_environment_that_was_selected() {
    for words in [
        &["--env", "production", "list"][..],
        &["list", "--env", "production"],
        &["list", "--env=production"],
        &["--env", "production"],
    ] {
        let called = call(words).await;
        assert_eq!(
            called.out.lines().next(),
            Some("rates 1.0.0 (production)"),
            "{words:?}"
        );
    }
}

#[tokio::test]
async fn the_flag_is_over_the_variable() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Demo));
    let kernel = kernel.env("APP_ENV", "testing");
    let first = |called: nautil::testing::Called| called.out.lines().next().map(str::to_owned);
    assert_eq!(
        first(kernel.console(["list"]).await).as_deref(),
        Some("rates 1.0.0 (testing)")
    );
    assert_eq!(
        first(kernel.console(["list", "--env", "production"]).await).as_deref(),
        Some("rates 1.0.0 (production)")
    );
}

const GREET: &str = "\
Greet somebody

Who is in a hurry greets without shouting.

Usage: app demo:greet [OPTIONS] <NAME>

Arguments:
  <NAME>
          Whom to greet

Options:
      --shout
          Greet louder

  -h, --help
          Show help

Global options:
      --env <NAME>
          The environment, over APP_ENV

      --config <DIRECTORY>
          The directory of the configuration [default: config]

      --set <SECTION.KEY=VALUE>
          A config value, over files and environment

  -v, --verbose...
          Say more (-vv: everything)

  -q, --quiet
          Print results and errors alone

      --no-ansi
          No colours
";

#[tokio::test]
async fn a_command_has_a_page() {
    assert_done(&call(&["help", "demo:greet"]).await, GREET);
}

#[tokio::test]
async fn the_page_of_a_command_is_its_help_flag_too() {
    assert_done(&call(&["demo:greet", "--help"]).await, GREET);
}

#[tokio::test]
async fn a_help_flag_before_the_command_does_not_run_it() {
    let page = call(&["help", "list"]).await;
    assert!(page.out.starts_with("List every command\n"), "{}", page.out);
    assert_eq!(call(&["--help", "list"]).await, page);
}

#[tokio::test]
async fn the_version_is_that_of_the_kernel() {
    assert_done(&call(&["--version"]).await, "rates 1.0.0\n");
}

#[tokio::test]
async fn help_for_a_command_that_is_not_there_is_wrong_use() {
    assert_refused(
        &call(&["help", "demo:great"]).await,
        Code::Usage,
        "error: there is no command `demo:great`; did you mean `demo:greet`?\n",
    );
}

#[tokio::test]
async fn every_command_says_in_one_line_what_it_does() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Demo).with(Asking));
    let list = kernel.console(["list"]).await.out;
    let (_, commands) = list.split_once("Commands\n").unwrap();
    let lines = commands.lines().filter(|line| line.starts_with("  "));
    let mut names = Vec::new();
    for line in lines {
        let (name, about) = line.trim().split_once("  ").unwrap_or((line, ""));
        assert!(
            !about.trim().is_empty(),
            "`{name}` does not say what it does"
        );
        assert!(
            !about.trim().ends_with('.'),
            "`{name}` ends with a full stop"
        );
        names.push(name.to_owned());
    }
    for name in names {
        let page = kernel.console(["help", &name]).await;
        assert_eq!(page.code, Code::Done, "{name}: {}", page.err);
    }
}
