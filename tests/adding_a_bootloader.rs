//! The README's example of a bootloader, compiled and run.

// README: begin
use std::sync::Arc;

use nautil::console::{Command, DynCommand, Failure, Output};
use nautil::{Bootloader, Init};

/// Greetings: one binding, one command.
#[derive(PartialEq)]
pub struct GreetingBootloader;

impl Bootloader for GreetingBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.instance(Arc::new(Greeting("Hi"))).command::<Greet>();
    }
}

struct Greeting(&'static str);

/// Greet whoever asks
#[derive(clap::Args)]
struct GreetArguments {}

#[derive(shaku::Component)]
#[shaku(interface = DynCommand)]
struct Greet {
    #[shaku(inject)]
    greeting: Arc<Greeting>,
}

impl Command for Greet {
    const NAME: &'static str = "greet";
    type Arguments = GreetArguments;

    async fn run(&self, _: GreetArguments, output: &Output) -> Result<(), Failure> {
        output.line(self.greeting.0);
        Ok(())
    }
}
// README: end

use nautil::testing::TestKernel;
use nautil::{Bootloaders, Kernel, console};

use crate::source::{Page, marked};

/// The application after its kernel got the one more line.
pub(crate) struct Greeted;

impl Kernel for Greeted {
    const NAME: &'static str = currency_rate::Kernel::NAME;
    const VERSION: &'static str = currency_rate::Kernel::VERSION;

    fn bootloaders(&self) -> Bootloaders {
        currency_rate::Kernel.bootloaders().with(GreetingBootloader)
    }
}

#[tokio::test]
async fn the_command_uses_what_the_bootloader_bound() {
    let called = TestKernel::of(Greeted).console(["greet"]).await;
    assert_eq!(called.code, console::Code::Done, "{called:?}");
    assert_eq!(called.out, "Hi\n");
}

#[tokio::test]
async fn the_command_is_listed_beside_the_others() {
    let called = TestKernel::of(Greeted).console(["list"]).await;
    let lines: Vec<Vec<&str>> = called
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(
        lines.contains(&vec!["greet", "Greet", "whoever", "asks"]),
        "{}",
        called.out
    );
    assert!(
        called.out.contains("grpc:get-currency-rate"),
        "{}",
        called.out
    );
}

#[test]
fn the_readme_shows_this_very_code() {
    let example = marked("tests/adding_a_bootloader.rs", "README");
    let lines = example.lines().filter(|line| !line.is_empty()).count();
    assert!((20..30).contains(&lines), "{lines} lines are no example");

    let readme = Page::read("README.md");
    let mut shown = readme
        .blocks("rust")
        .filter(|block| block.heading == "Adding a bootloader");
    assert_eq!(
        shown.next().map(|block| &block.text),
        Some(&example),
        "the README's first Rust block under \"Adding a bootloader\""
    );
}
