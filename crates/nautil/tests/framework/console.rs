//! What commands do: their output, their exit codes, and how their failures are told.

use std::error::Error;
use std::sync::Arc;

use nautil::Bootloaders;
use nautil::bootloader::{Bootloader, Init};
use nautil::console::{Code, Command, DynCommand, Failure, Output};
use nautil::container::Component;

use crate::container::{Clock, Fixed};
use crate::project::{Project, assert_done, assert_refused};

/// Greet somebody
///
/// Who is in a hurry greets without shouting.
#[derive(clap::Args)]
pub(crate) struct GreetArguments {
    /// Whom to greet
    name: String,
    /// Greet louder
    #[arg(long)]
    shout: bool,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct Greet;

impl Command for Greet {
    const NAME: &'static str = "demo:greet";
    type Arguments = GreetArguments;

    async fn run(&self, arguments: GreetArguments, output: &Output) -> Result<(), Failure> {
        let GreetArguments { name, shout } = arguments;
        if shout {
            output.line(format_args!("HELLO, {}", name.to_uppercase()));
        } else {
            output.line(format_args!("hello, {name}"));
        }
        Ok(())
    }
}

/// End as told
#[derive(clap::Args)]
struct EndArguments {
    /// How
    how: How,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum How {
    Noted,
    Failed,
    Said,
    Misused,
}

/// Two errors, of which the outer one says the inner one too.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the rate is not known")]
    Rate(#[source] Box<Trouble>),
    #[error("the bank is closed: {0}")]
    Bank(#[source] Box<Trouble>),
    #[error("it is Sunday")]
    Sunday,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct End;

impl Command for End {
    const NAME: &'static str = "end";
    type Arguments = EndArguments;

    async fn run(&self, arguments: EndArguments, output: &Output) -> Result<(), Failure> {
        match arguments.how {
            How::Noted => {
                output.note("one moment");
                output.line("42");
                Ok(())
            }
            How::Failed => {
                let bank = Trouble::Bank(Box::new(Trouble::Sunday));
                Err(Trouble::Rate(Box::new(bank)))?
            }
            How::Said => {
                output.error("two of three failed");
                Err(Failure::said())
            }
            How::Misused => Err(Failure::wrong_use("a rate is of two currencies")),
        }
    }
}

/// Ask for the time
#[derive(clap::Args)]
struct AskArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct Ask {
    #[shaku(inject)]
    clock: Arc<dyn Clock>,
}

impl Command for Ask {
    const NAME: &'static str = "demo:ask";
    type Arguments = AskArguments;

    async fn run(&self, _: AskArguments, output: &Output) -> Result<(), Failure> {
        output.line(self.clock.now());
        Ok(())
    }
}

/// `demo:greet` and `end`.
#[derive(PartialEq)]
pub(crate) struct Demo;

impl Bootloader for Demo {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<Greet>().command::<End>();
    }
}

/// `demo:ask`, which needs a clock.
#[derive(PartialEq)]
pub(crate) struct Asking;

impl Bootloader for Asking {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<Ask>();
    }
}

/// The kernel of these two, called with these words.
pub(crate) async fn call(words: &[&str]) -> nautil::testing::Called {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Demo).with(Asking));
    kernel.console(words).await
}

#[tokio::test]
async fn a_command_gets_its_arguments() {
    assert_done(&call(&["demo:greet", "Ada"]).await, "hello, Ada\n");
    assert_done(
        &call(&["demo:greet", "--shout", "Ada"]).await,
        "HELLO, ADA\n",
    );
}

#[tokio::test]
async fn a_command_gets_what_is_bound() {
    let clock: Arc<dyn Clock> = Arc::new(Fixed::at(7));
    let kernel =
        Project::new().kernel(|| Bootloaders::new().with(Asking).with(crate::faults::Time));
    assert_done(&kernel.console(["demo:ask"]).await, "9\n");
    let kernel = kernel.replace(clock);
    assert_done(&kernel.console(["demo:ask"]).await, "7\n");
}

#[tokio::test]
async fn a_command_that_lacks_something_fails_and_the_others_work() {
    assert_refused(
        &call(&["demo:ask"]).await,
        Code::Failed,
        "error: nothing is bound to `dyn Clock`\n  needed by `Ask`, from bootloader `Asking`\n",
    );
    assert_done(&call(&["demo:greet", "Ada"]).await, "hello, Ada\n");
}

#[tokio::test]
async fn a_failure_is_told_with_its_causes_each_once() {
    assert_refused(
        &call(&["end", "failed"]).await,
        Code::Failed,
        "error: the rate is not known\n  because the bank is closed: it is Sunday\n",
    );
    // The cause is there: it is the console that does not repeat it.
    let bank = Trouble::Bank(Box::new(Trouble::Sunday));
    assert_eq!(bank.source().unwrap().to_string(), "it is Sunday");
}

#[tokio::test]
async fn a_failure_that_the_command_has_told_is_not_told_again() {
    assert_refused(
        &call(&["end", "said"]).await,
        Code::Failed,
        "error: two of three failed\n",
    );
}

#[tokio::test]
async fn a_command_may_find_that_it_was_used_wrongly() {
    assert_refused(
        &call(&["end", "misused"]).await,
        Code::Usage,
        "error: a rate is of two currencies\n",
    );
}

#[tokio::test]
async fn results_and_notes_go_separate_ways() {
    let called = call(&["end", "noted"]).await;
    assert_eq!((&*called.out, &*called.err), ("42\n", "one moment\n"));
    assert_eq!(called.code, Code::Done);
}

#[tokio::test]
async fn quiet_silences_notes_wherever_it_stands() {
    assert_done(&call(&["end", "noted", "-q"]).await, "42\n");
    assert_done(&call(&["--quiet", "end", "noted"]).await, "42\n");
    let called = call(&["-q", "end", "failed"]).await;
    assert!(called.err.starts_with("error: the rate is not known\n"));
}

#[test]
fn the_exit_codes_are_0_1_and_2() {
    assert_eq!(
        [Code::Done as u8, Code::Failed as u8, Code::Usage as u8],
        [0, 1, 2]
    );
}
