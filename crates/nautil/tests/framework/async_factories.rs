//! What takes an `await` to be made, and is injected like anything else.

use std::sync::Arc;

use nautil::bootloader::{Boot, BoxError, Init};
use nautil::console::{Code, Command, DynCommand, Failure, Output};
use nautil::container::{Component, Interface};
use nautil::{Bootloader, Bootloaders, async_trait};

use crate::project::{Project, assert_done, assert_refused};

trait Pool: Interface {
    fn size(&self) -> usize;
}

struct Connected(usize);

impl Pool for Connected {
    fn size(&self) -> usize {
        self.0
    }
}

/// A component that needs the pool, as any other.
trait Store: Interface {
    fn told(&self) -> String;
}

#[derive(Component)]
#[shaku(interface = Store)]
struct Table {
    #[shaku(inject)]
    pool: Arc<dyn Pool>,
}

impl Store for Table {
    fn told(&self) -> String {
        format!("a table over {} connections", self.pool.size())
    }
}

/// Tell of the store
#[derive(clap::Args)]
struct TellArguments {
    /// Without it, nothing boots
    #[arg(long)]
    boot: bool,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct Tell {
    #[shaku(inject)]
    store: Arc<dyn Store>,
}

impl Command for Tell {
    const NAME: &'static str = "tell";
    type Arguments = TellArguments;

    fn boots(arguments: &TellArguments) -> bool {
        arguments.boot
    }

    async fn run(&self, _: TellArguments, output: &Output) -> Result<(), Failure> {
        output.line(self.store.told());
        Ok(())
    }
}

#[derive(PartialEq)]
struct Database {
    answers: bool,
}

#[async_trait]
impl Bootloader for Database {
    fn init(&self, init: &mut Init<'_>) {
        let answers = self.answers;
        init.bind::<Table>()
            .command::<Tell>()
            .async_factory::<dyn Pool, _>(move |_| async move {
                tokio::task::yield_now().await;
                match answers {
                    true => Ok(Arc::new(Connected(8)) as Arc<dyn Pool>),
                    false => Err("nobody listens at the port".into()),
                }
            });
    }

    async fn boot(&self, boot: &Boot) -> Result<(), BoxError> {
        // What this bootloader makes is there when it boots.
        assert_eq!(boot.get::<dyn Pool>()?.size(), 8);
        Ok(())
    }
}

fn database(answers: bool) -> impl Fn() -> Bootloaders {
    move || Bootloaders::new().with(Database { answers })
}

#[tokio::test]
async fn what_is_made_in_boot_is_injected_like_anything_else() {
    let kernel = Project::new().kernel(database(true));
    let called = kernel.console(["tell", "--boot"]).await;
    assert_done(&called, "a table over 8 connections\n");
}

#[tokio::test]
async fn whoever_asks_before_boot_hears_that_it_is_not_made_yet() {
    let kernel = Project::new().kernel(database(true));
    let called = kernel.console(["tell"]).await;
    assert_eq!(called.code, Code::Failed);
    assert!(called.err.contains("`dyn Pool`"), "{called:?}");
    assert!(called.err.contains("`Database`"), "{called:?}");
    assert!(called.err.contains("boot"), "{called:?}");
}

#[tokio::test]
async fn what_cannot_be_made_keeps_the_application_from_booting() {
    let kernel = Project::new().kernel(database(false));
    assert_refused(
        &kernel.console(["tell", "--boot"]).await,
        Code::Failed,
        "error: bootloader `Database` failed in boot\n  because nobody listens at the port\n",
    );
}

#[tokio::test]
async fn what_a_test_puts_in_its_place_is_not_made() {
    let kernel = Project::new().kernel(database(false));
    let pool: Arc<dyn Pool> = Arc::new(Connected(8));
    let called = kernel.replace(pool).console(["tell", "--boot"]).await;
    assert_done(&called, "a table over 8 connections\n");
}
