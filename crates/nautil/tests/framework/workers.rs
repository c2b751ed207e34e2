//! Workers: what runs beside a command, and what becomes of one that does not.

use std::sync::Arc;

use nautil::bootloader::{Boot, BoxError, Init};
use nautil::console::{Code, Command, DynCommand, Failure, Output};
use nautil::container::Component;
use nautil::kernel::{DynWorker, Shutdown, Worker};
use nautil::testing::TestKernel;
use nautil::{Bootloader, Bootloaders, Kernel, async_trait};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::project::Project;

/// What happened, and how the worker is to go.
#[derive(Default)]
struct Story {
    lines: Mutex<Vec<&'static str>>,
    goes: Goes,
    /// The worker runs.
    begun: Notify,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Goes {
    /// Until it is asked to stop.
    #[default]
    Well,
    /// Done before that.
    Home,
    Wrong,
    Panics,
    /// Whatever it is asked.
    OnForEver,
}

impl Story {
    fn add(&self, line: &'static str) {
        self.lines.lock().push(line);
    }

    fn lines(&self) -> Vec<&'static str> {
        self.lines.lock().clone()
    }
}

#[derive(Component)]
#[shaku(interface = DynWorker)]
struct Feeder {
    #[shaku(inject)]
    story: Arc<Story>,
}

impl Worker for Feeder {
    async fn run(&self, stopping: Shutdown) -> Result<(), BoxError> {
        self.story.add("feeder begins");
        self.story.begun.notify_one();
        match self.story.goes {
            Goes::Home => {}
            Goes::Well => stopping.requested().await,
            Goes::Wrong => return Err("the feed is dry".into()),
            Goes::Panics => panic!("the feed burns"),
            Goes::OnForEver => std::future::pending().await,
        }
        self.story.add("feeder ends");
        Ok(())
    }
}

/// Wait until the worker runs; then until the application stops, where that is asked for
#[derive(clap::Args)]
struct WaitArguments {
    #[arg(long)]
    to_the_end: bool,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct Wait {
    #[shaku(inject)]
    story: Arc<Story>,
    #[shaku(inject)]
    shutdown: Arc<Shutdown>,
}

impl Command for Wait {
    const NAME: &'static str = "wait";
    type Arguments = WaitArguments;

    fn boots(_: &WaitArguments) -> bool {
        true
    }

    async fn run(&self, arguments: WaitArguments, output: &Output) -> Result<(), Failure> {
        self.story.begun.notified().await;
        if arguments.to_the_end {
            self.shutdown.requested().await;
        }
        self.story.add("command ends");
        output.line("waited");
        Ok(())
    }
}

#[derive(PartialEq)]
struct Feeding;

#[async_trait]
impl Bootloader for Feeding {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Story>();
        init.worker::<Feeder>().command::<Wait>();
    }

    async fn boot(&self, boot: &Boot) -> Result<(), BoxError> {
        boot.get::<Story>()?.add("boot");
        Ok(())
    }

    async fn shutdown(&self, boot: &Boot) -> Result<(), BoxError> {
        boot.get::<Story>()?.add("shutdown");
        Ok(())
    }
}

fn kernel(goes: Goes) -> (Arc<Story>, TestKernel<impl Kernel>) {
    let story = Arc::new(Story {
        goes,
        ..Story::default()
    });
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Feeding));
    (Arc::clone(&story), kernel.replace(story))
}

#[tokio::test]
async fn a_worker_runs_beside_a_command_and_ends_before_the_shutdown() {
    let (story, kernel) = kernel(Goes::Well);
    let called = kernel.console(["wait"]).await;
    assert_eq!((called.code, &*called.err), (Code::Done, ""));
    assert_eq!(
        story.lines(),
        [
            "boot",
            "feeder begins",
            "command ends",
            "feeder ends",
            "shutdown"
        ]
    );
}

#[tokio::test]
async fn a_worker_that_has_nothing_left_to_do_may_go() {
    let (story, kernel) = kernel(Goes::Home);
    let called = kernel.console(["wait"]).await;
    assert_eq!((called.code, &*called.err), (Code::Done, ""));
    assert!(story.lines().contains(&"feeder ends"));
}

#[tokio::test]
async fn a_worker_that_fails_stops_the_application_with_its_name() {
    for (goes, why) in [
        (Goes::Wrong, "the feed is dry"),
        (Goes::Panics, "it panicked: the feed burns"),
    ] {
        let (story, kernel) = kernel(goes);
        let called = kernel.console(["wait", "--to-the-end"]).await;
        assert_eq!(called.code, Code::Failed, "{goes:?}");
        assert_eq!(called.out, "waited\n");
        assert_eq!(
            called.err,
            format!("error: worker `Feeder` failed\n  because {why}\n")
        );
        assert_eq!(story.lines().last(), Some(&"shutdown"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_stop_is_named_and_the_shutdown_goes_on() {
    let (story, kernel) = kernel(Goes::OnForEver);
    let kernel = kernel.config("app.shutdown_timeout=5s");
    let start = tokio::time::Instant::now();
    let called = kernel.console(["wait"]).await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(called.code, Code::Failed);
    assert_eq!(
        called.err,
        "error: worker `Feeder` took longer to stop than `app.shutdown_timeout` = 5s allows\n"
    );
    assert_eq!(story.lines().last(), Some(&"shutdown"));
}

#[tokio::test]
async fn workers_are_listed_with_their_bootloaders() {
    let (story, kernel) = kernel(Goes::Well);
    let called = kernel.console(["kernel:bootloaders"]).await;
    assert_eq!(called.code, Code::Done);
    let (_, workers) = called.out.split_once("\n\n").unwrap();
    assert_eq!(workers, "worker  bootloader\nFeeder  Feeding\n");
    assert_eq!(story.lines(), [""; 0]);
}

#[tokio::test]
async fn a_worker_that_cannot_be_built_keeps_the_application_from_booting() {
    #[derive(PartialEq)]
    struct Lacking;
    impl Bootloader for Lacking {
        fn init(&self, init: &mut Init<'_>) {
            init.worker::<Feeder>().command::<Wait>();
        }
    }
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Lacking));
    let called = kernel.console(["container:check"]).await;
    assert_eq!(called.code, Code::Failed);
    let expected = "nothing is bound to `Story`\n  needed by `Feeder`, from bootloader `Lacking`\n";
    assert!(called.err.contains(expected), "{called:?}");
}
