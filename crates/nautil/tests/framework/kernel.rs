//! From `init` to `shutdown`: what runs when, and what becomes of a phase that fails.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use nautil::bootloader::{Boot, BoxError, Init};
use nautil::console::{Code, Command, DynCommand, Failure, Output};
use nautil::container::{Component, Interface};
use nautil::grpc::server::{Call, Reply};
use nautil::grpc::{Channel, Method, Service};
use nautil::testing::TestKernel;
use nautil::{Bootloader, Bootloaders, Kernel, async_trait};
use parking_lot::{Condvar, Mutex};

use crate::project::{Project, assert_done, assert_refused};

pub(crate) trait EchoInterface: Interface {}

#[derive(Component)]
#[shaku(interface = EchoInterface)]
pub(crate) struct Echo;

impl EchoInterface for Echo {}

/// As much of a service as its registration takes.
impl Service for dyn EchoInterface {
    const NAME: &'static str = "test.Echo";
    const METHODS: &'static [Method] = &[];
    const DESCRIPTOR_SET: &'static [u8] = &[];
    const HOST_VARIABLE: &'static str = "ECHO_HOST";

    fn handle(_: &Arc<Self>, _: &str, _: Call) -> Reply {
        unreachable!("no test calls it")
    }

    fn client(_: Channel) -> Arc<Self> {
        unreachable!("no test calls it")
    }
}

#[derive(PartialEq)]
pub(crate) struct Serving;

impl Bootloader for Serving {
    fn init(&self, init: &mut Init<'_>) {
        init.serve::<Echo>();
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().clone()
    }
}

impl PartialEq for Log {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What a thread waits at.
#[derive(Default)]
pub(crate) struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let mut is_open = self.0.lock();
        while !*is_open {
            self.1.wait(&mut is_open);
        }
    }

    fn open(&self) {
        *self.0.lock() = true;
        self.1.notify_all();
    }
}

impl PartialEq for Gate {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// How a phase goes.
#[derive(Clone, Copy, PartialEq)]
enum Goes {
    Well,
    Wrong,
    OnForEver,
    Panics,
    /// Keeps its thread until somebody opens the gate.
    Blocks(&'static Gate),
    /// Done after this many seconds.
    For(u64),
}

impl Goes {
    async fn on(self) -> Result<(), BoxError> {
        match self {
            Goes::Well => Ok(()),
            Goes::Wrong => Err("the cable is cut".into()),
            Goes::OnForEver => std::future::pending().await,
            Goes::Panics => panic!("the cable burns"),
            Goes::Blocks(gate) => {
                gate.pass();
                Ok(())
            }
            // The tests stop the clock: it moves when all wait.
            Goes::For(seconds) => {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Ok(())
            }
        }
    }
}

/// A bootloader that logs its phases. Two types of it, as a type is listed once.
macro_rules! logging {
    ($($name:ident),*) => {$(
        #[derive(PartialEq)]
        struct $name(Log, Goes, Goes);

        #[async_trait]
        impl Bootloader for $name {
            fn init(&self, _: &mut Init<'_>) {
                self.0.add(concat!(stringify!($name), " init"));
            }

            async fn boot(&self, _: &Boot) -> Result<(), BoxError> {
                self.0.add(concat!(stringify!($name), " boot"));
                self.1.on().await
            }

            async fn shutdown(&self, _: &Boot) -> Result<(), BoxError> {
                self.0.add(concat!(stringify!($name), " shutdown"));
                self.2.on().await?;
                self.0.add(concat!(stringify!($name), " is down"));
                Ok(())
            }
        }
    )*};
}

logging!(One, Two, Three);

/// Do the work
#[derive(clap::Args)]
struct WorkArguments {}

#[derive(Component)]
#[shaku(interface = DynCommand)]
struct Work {
    #[shaku(inject)]
    log: Arc<Log>,
    #[shaku(inject)]
    panics: Arc<Panics>,
}

/// Whether the command panics.
#[derive(Default)]
struct Panics(bool);

impl Command for Work {
    const NAME: &'static str = "work";
    type Arguments = WorkArguments;

    fn boots(_: &WorkArguments) -> bool {
        true
    }

    async fn run(&self, _: WorkArguments, output: &Output) -> Result<(), Failure> {
        self.log.add("work");
        if self.panics.0 {
            panic!("the hammer slips");
        }
        output.line("worked");
        Ok(())
    }
}

#[derive(PartialEq)]
struct Working(Log);

impl Bootloader for Working {
    fn init(&self, init: &mut Init<'_>) {
        init.declare::<Panics>();
        init.instance(Arc::new(self.0.clone())).command::<Work>();
    }
}

/// Three bootloaders, of which the second boots and shuts down so, and the command `work`.
fn kernel(log: &Log, boot: Goes, shutdown: Goes) -> TestKernel<impl Kernel> {
    let log = log.clone();
    Project::new().kernel(move || {
        Bootloaders::new()
            .with(One(log.clone(), Goes::Well, Goes::Well))
            .with(Two(log.clone(), boot, shutdown))
            .with(Three(log.clone(), Goes::Well, Goes::Well))
            .with(Working(log.clone()))
    })
}

const INIT: [&str; 3] = ["One init", "Two init", "Three init"];
const BOOT: [&str; 3] = ["One boot", "Two boot", "Three boot"];

#[tokio::test]
async fn a_command_runs_between_boot_and_shutdown_in_reverse() {
    let log = Log::default();
    let called = kernel(&log, Goes::Well, Goes::Well).console(["work"]).await;
    assert_done(&called, "worked\n");
    let down = [
        "Three shutdown",
        "Three is down",
        "Two shutdown",
        "Two is down",
        "One shutdown",
        "One is down",
    ];
    assert_eq!(log.lines(), [&INIT[..], &BOOT, &["work"], &down].concat());
}

#[tokio::test]
async fn a_command_that_does_not_ask_for_it_boots_nothing() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Wrong, Goes::Wrong);
    assert_eq!(kernel.console(["list"]).await.code, Code::Done);
    assert_eq!(log.lines(), INIT);
}

#[tokio::test]
async fn a_bootloader_that_fails_shuts_down_those_before_it() {
    let log = Log::default();
    let called = kernel(&log, Goes::Wrong, Goes::Well)
        .console(["work"])
        .await;
    assert_refused(
        &called,
        Code::Failed,
        "error: bootloader `Two` failed in boot\n  because the cable is cut\n",
    );
    let then = ["One shutdown", "One is down"];
    assert_eq!(log.lines(), [&INIT[..], &BOOT[..2], &then].concat());
}

#[tokio::test(start_paused = true)]
async fn a_bootloader_has_its_time_to_boot() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::OnForEver, Goes::Well).config("app.boot_timeout=90s");
    let start = tokio::time::Instant::now();
    let called = kernel.console(["work"]).await;
    assert_eq!(start.elapsed().as_secs(), 90);
    assert_refused(
        &called,
        Code::Failed,
        "error: bootloader `Two` took longer in boot than `app.boot_timeout` = 90s allows\n",
    );
    // What it had taken before its time was over is given back by its own shutdown.
    let then = ["Two shutdown", "Two is down", "One shutdown", "One is down"];
    assert_eq!(log.lines(), [&INIT[..], &BOOT[..2], &then].concat());
}

#[tokio::test]
async fn a_boot_that_panics_is_named_and_everything_is_shut_down() {
    let log = Log::default();
    let called = kernel(&log, Goes::Panics, Goes::Well)
        .console(["work"])
        .await;
    assert_refused(
        &called,
        Code::Failed,
        "error: bootloader `Two` failed in boot\n  because it panicked: the cable burns\n",
    );
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
    assert!(log.lines().contains(&"Two is down".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_that_blocks_its_thread_is_late_while_it_blocks() {
    static GATE: LazyLock<Gate> = LazyLock::new(Gate::default);
    let log = Log::default();
    let kernel = kernel(&log, Goes::Blocks(&GATE), Goes::Well).config("app.boot_timeout=50ms");
    let called = kernel.console(["work"]).await;
    assert_refused(
        &called,
        Code::Failed,
        "error: bootloader `Two` took longer in boot than `app.boot_timeout` = 50ms allows\n",
    );
    GATE.open();
}

#[tokio::test]
async fn a_boot_that_blocks_the_only_thread_is_late_all_the_same() {
    static GATE: LazyLock<Gate> = LazyLock::new(Gate::default);
    let log = Log::default();
    let kernel = kernel(&log, Goes::Blocks(&GATE), Goes::Well).config("app.boot_timeout=50ms");
    let opener = std::thread::spawn(|| {
        let (_hold, never) = std::sync::mpsc::channel::<()>();
        // Longer than the bootloader may take.
        let _ = never.recv_timeout(Duration::from_millis(200));
        GATE.open();
    });
    let called = kernel.console(["work"]).await;
    opener.join().unwrap();
    assert!(called.err.contains("took longer in boot"), "{called:?}");
    assert!(!log.lines().contains(&"work".to_owned()));
}

#[tokio::test]
async fn a_shutdown_that_panics_is_said_and_the_others_go_on() {
    let log = Log::default();
    let called = kernel(&log, Goes::Well, Goes::Panics)
        .console(["work"])
        .await;
    assert_eq!(
        called.err,
        "error: bootloader `Two` failed in shutdown\n  because it panicked: the cable burns\n"
    );
    assert_eq!(called.code, Code::Failed);
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
}

#[tokio::test]
async fn a_command_that_panics_is_named_and_everything_is_shut_down() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Well, Goes::Well).replace(Arc::new(Panics(true)));
    let called = kernel.console(["work"]).await;
    assert_refused(
        &called,
        Code::Failed,
        "error: command `work` failed\n  because it panicked: the hammer slips\n",
    );
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
}

#[tokio::test(start_paused = true)]
async fn a_bootloader_that_takes_less_than_its_time_boots() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::For(89), Goes::Well).config("app.boot_timeout=90s");
    assert_done(&kernel.console(["work"]).await, "worked\n");
}

#[tokio::test]
async fn a_shutdown_that_fails_is_said_and_the_others_go_on() {
    let log = Log::default();
    let called = kernel(&log, Goes::Well, Goes::Wrong)
        .console(["work"])
        .await;
    assert_eq!(called.out, "worked\n");
    assert_eq!(
        called.err,
        "error: bootloader `Two` failed in shutdown\n  because the cable is cut\n"
    );
    assert_eq!(called.code, Code::Failed);
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
}

#[tokio::test(start_paused = true)]
async fn all_shutdowns_together_have_one_deadline() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Well, Goes::OnForEver).config("app.shutdown_timeout=5s");
    let start = tokio::time::Instant::now();
    let called = kernel.console(["work"]).await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(
        called.err,
        "error: bootloader `Two` took longer in shutdown than `app.shutdown_timeout` = 5s allows\n"
    );
    assert_eq!(called.code, Code::Failed);
    // Who needs no time still gets its turn.
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
}

#[tokio::test]
async fn an_application_in_a_test_goes_through_the_same_phases() {
    let log = Log::default();
    let app = kernel(&log, Goes::Well, Goes::Wrong).start().await.unwrap();
    assert_eq!(log.lines(), [INIT, BOOT].concat());
    let error = app.stop().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bootloader `Two` failed in shutdown\n  because the cable is cut"
    );
    assert_eq!(log.lines().last().map(String::as_str), Some("One is down"));
}

#[tokio::test]
async fn an_application_in_a_test_says_why_it_does_not_boot() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Wrong, Goes::Well);
    let error = kernel.start().await.map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bootloader `Two` failed in boot\n  because the cable is cut"
    );
}

#[tokio::test]
async fn errors_of_the_config_keep_a_command_from_booting() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Well, Goes::Well)
        .config("app.boot_timeout=60")
        .config("app.colour=red");
    assert_refused(
        &kernel.console(["work"]).await,
        Code::Failed,
        "error: app.boot_timeout (--set): found \"60\", \
         expected a duration with its unit, such as \"30s\" or \"250ms\"\n\
         error: app.colour (--set): there is no such key; the keys are boot_timeout, shutdown_timeout\n",
    );
    assert_eq!(log.lines(), INIT);
}

#[tokio::test]
async fn faults_of_the_container_keep_a_command_from_booting() {
    #[derive(PartialEq)]
    struct Lacking;
    impl Bootloader for Lacking {
        fn init(&self, init: &mut Init<'_>) {
            init.bind::<crate::container::ByHour>();
        }
    }
    let log = Log::default();
    let own = log.clone();
    let kernel = Project::new().kernel(move || {
        let one = One(own.clone(), Goes::Well, Goes::Well);
        Bootloaders::new()
            .with(one)
            .with(Working(own.clone()))
            .with(Lacking)
    });
    assert_refused(
        &kernel.console(["work"]).await,
        Code::Failed,
        "error: nothing is bound to `dyn Clock`\n  \
         needed by `ByHour` (as `dyn Greeter`), from bootloader `Lacking`\n",
    );
    assert_eq!(log.lines(), ["One init"]);
}

#[tokio::test]
async fn bootloaders_are_timed_where_they_are_asked_to_boot() {
    let log = Log::default();
    let kernel = kernel(&log, Goes::Well, Goes::Well);
    let cells = |out: &str| -> Vec<String> {
        let row = out.lines().find(|line| line.contains("Two")).unwrap();
        row.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    let called = kernel.console(["kernel:bootloaders"]).await;
    assert_eq!(called.err, "boot was not run; --boot runs and times it\n");
    let [_, state, _, boot] = &cells(&called.out)[..] else {
        unreachable!("four cells behind the number")
    };
    assert_eq!((state.as_str(), boot.as_str()), ("enabled", "-"));

    let called = kernel.console(["kernel:bootloaders", "--boot"]).await;
    assert_eq!(called.err, "");
    let boot = cells(&called.out)[3].parse::<f64>();
    assert!(boot.is_ok(), "{}", called.out);
}
