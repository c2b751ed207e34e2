//! Rings, and everything that is wrong with a container in one go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nautil::bootloader::{Bootloader, Init};
use nautil::console::Code;
use nautil::container::{Bindings, Component, Container, Interface, ResolveError};
use nautil::grpc::{DynHealthCheck, HealthCheck, Scope};
use nautil::{Bootloaders, BoxError};

use crate::container::{ByHour, Clock, Fixed, Greeter};
use crate::project::{Project, assert_done, assert_refused};

trait Hen: Interface {}
trait Egg: Interface {}
trait Farm: Interface {}

#[derive(Component)]
#[shaku(interface = Hen)]
struct Leghorn {
    #[shaku(inject)]
    _egg: Arc<dyn Egg>,
}

#[derive(Component)]
#[shaku(interface = Egg)]
struct White {
    #[shaku(inject)]
    _farm: Arc<dyn Farm>,
}

#[derive(Component)]
#[shaku(interface = Farm)]
struct Hill {
    #[shaku(inject)]
    _hen: Arc<dyn Hen>,
}

impl Hen for Leghorn {}
impl Egg for White {}
impl Farm for Hill {}

fn faults(container: &Container) -> Vec<String> {
    let faults = container.check().into_iter();
    faults.map(|fault| fault.to_string()).collect()
}

#[test]
fn a_component_that_needs_itself_is_a_ring() {
    #[derive(Component)]
    #[shaku(interface = Hen)]
    struct Ouroboros {
        #[shaku(inject)]
        _hen: Arc<dyn Hen>,
    }
    impl Hen for Ouroboros {}

    let mut bindings = Bindings::default();
    bindings.bind::<Ouroboros>("Farm");
    let error = bindings.seal().get::<dyn Hen>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `Ouroboros` needs `Ouroboros`"
    );
}

fn ring() -> Bindings {
    let mut bindings = Bindings::default();
    bindings.bind::<Leghorn>("Hens");
    bindings.bind::<White>("Eggs");
    bindings.bind::<Hill>("Farms");
    bindings
}

#[test]
fn a_ring_through_three_is_printed_from_where_it_was_entered() {
    let container = ring().seal();
    let error = container.get::<dyn Egg>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `White` needs `Hill` needs `Leghorn` needs `White`"
    );
}

#[test]
fn a_ring_is_one_fault_wherever_it_is_entered() {
    assert_eq!(
        faults(&ring().seal()),
        ["a circular dependency: `Leghorn` needs `White` needs `Hill` needs `Leghorn`"]
    );
}

#[test]
fn a_ring_that_is_entered_from_outside_names_who_entered_it() {
    let mut bindings = ring();
    bindings.factory::<u64>("Outside", |resolver| {
        resolver.get::<dyn Hen>();
        Ok(Arc::new(1))
    });
    let error = bindings.seal().get::<u64>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `Leghorn` needs `White` needs `Hill` needs `Leghorn`\n  \
         needed by `u64`, from bootloader `Outside`"
    );
}

#[test]
fn a_ring_may_go_through_a_factory() {
    struct Barn;
    impl Farm for Barn {}

    let mut bindings = Bindings::default();
    bindings.bind::<Leghorn>("Hens");
    bindings.bind::<White>("Eggs");
    bindings.factory::<dyn Farm>("Farms", |resolver| {
        resolver.get::<dyn Hen>();
        Ok(Arc::new(Barn))
    });
    let error = bindings.seal().get::<dyn Hen>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `Leghorn` needs `White` needs `dyn Farm` needs `Leghorn`"
    );
}

#[test]
fn a_ring_through_the_injected_container_is_a_ring() {
    let mut bindings = Bindings::default();
    bindings.factory::<u8>("Small", |resolver| {
        let container = resolver.get::<Container>();
        Ok(Arc::new(*container.get::<u16>()? as u8))
    });
    bindings.factory::<u16>("Large", |resolver| {
        let container = resolver.get::<Container>();
        Ok(Arc::new(u16::from(*container.get::<u8>()?)))
    });
    bindings.factory::<u32>("Outside", |resolver| {
        Ok(Arc::new(u32::from(*resolver.get::<u8>())))
    });
    let container = bindings.seal();
    let said = "a circular dependency: `u8` needs `u16` needs `u8`";
    assert_eq!(container.get::<u8>().unwrap_err().to_string(), said);
    assert_eq!(
        container.get::<u32>().unwrap_err().to_string(),
        format!("{said}\n  needed by `u32`, from bootloader `Outside`")
    );
    assert_eq!(faults(&container), [said]);
}

#[test]
fn a_ring_through_a_component_that_keeps_the_container_is_a_ring() {
    trait Page: Interface {
        fn warm_up(&self) -> Result<(), ResolveError>;
    }

    #[derive(Component)]
    #[shaku(interface = Page)]
    struct Lazy {
        #[shaku(inject)]
        container: Arc<Container>,
    }
    impl Page for Lazy {
        fn warm_up(&self) -> Result<(), ResolveError> {
            self.container.get::<dyn Hen>().map(|_| ())
        }
    }

    let mut bindings = Bindings::default();
    bindings.bind::<Leghorn>("Hens");
    bindings.bind::<White>("Eggs");
    bindings.factory::<dyn Farm>("Farms", |resolver| {
        resolver.get::<dyn Page>();
        Err("it is not reached".into())
    });
    bindings.bind::<Lazy>("Web");
    bindings.decorate::<dyn Page>("Cache", |page, _| {
        page.warm_up()?;
        Ok(page)
    });
    let error = bindings.seal().get::<dyn Page>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `Lazy` needs `Leghorn` needs `White` needs `dyn Farm` needs `Lazy`"
    );
}

#[test]
fn a_component_that_makes_itself_is_a_ring() {
    #[derive(Component)]
    #[shaku(interface = Hen)]
    struct Cloned {
        #[shaku(inject)]
        _egg: Arc<dyn Egg>,
    }
    impl Hen for Cloned {}

    let mut bindings = Bindings::default();
    bindings.factory::<dyn Egg>("Eggs", |resolver| {
        let container = resolver.get::<Container>();
        container.make::<Cloned>("Cloning")?;
        Err("it is not reached".into())
    });
    let error = bindings.seal().make::<Cloned>("Console").map(|_| ());
    assert_eq!(
        error.unwrap_err().to_string(),
        "a circular dependency: `Cloned` needs `dyn Egg` needs `Cloned`"
    );
}

#[test]
fn what_a_factory_makes_of_an_error_of_the_container_is_its_own_error() {
    #[derive(Debug, thiserror::Error)]
    #[error("no price today")]
    struct NoPrice(#[source] ResolveError);

    let mut bindings = Bindings::default();
    bindings.factory::<u8>("Prices", |resolver| {
        let container = resolver.get::<Container>();
        let price = container.get::<u16>().map_err(NoPrice)?;
        Ok(Arc::new(*price as u8))
    });
    let error = bindings.seal().get::<u8>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`u8`, bound by bootloader `Prices`, cannot be made"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "no price today");
}

/// Three that need one whose factory fails, and the number of times that it was run.
fn three_that_need_what_fails() -> (Bindings, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let mut bindings = Bindings::default();
    bindings.factory::<u8>("A", |resolver| Ok(Arc::new(*resolver.get::<u32>() as u8)));
    bindings.factory::<u16>("B", |resolver| Ok(Arc::new(*resolver.get::<u32>() as u16)));
    bindings.factory::<u32>("Numbers", move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Err("out of numbers".into())
    });
    bindings.factory::<u64>("C", |resolver| {
        // The container remembers for those who ask on another thread, too.
        let container = resolver.get::<Container>();
        let number = std::thread::spawn(move || container.get::<u32>()).join();
        Ok(Arc::new(u64::from(*number.unwrap()?)))
    });
    (bindings, runs)
}

#[test]
fn a_check_runs_a_factory_that_fails_once() {
    let (bindings, runs) = three_that_need_what_fails();
    let container = bindings.seal();
    let said = [
        "`u32`, bound by bootloader `Numbers`, cannot be made\n  needed by `u8`, from bootloader `A`",
    ];
    assert_eq!(faults(&container), said);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(faults(&container), said);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn what_failed_in_a_check_is_tried_again_after_it() {
    let (bindings, runs) = three_that_need_what_fails();
    let container = bindings.seal();
    container.get::<u32>().unwrap_err();
    container.get::<u64>().unwrap_err();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(container.check().len(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    container.get::<u16>().unwrap_err();
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}

#[test]
fn a_check_in_a_check_remembers_until_the_outer_one_ends() {
    let (mut bindings, runs) = three_that_need_what_fails();
    bindings.instance("Flags", Arc::new(true));
    bindings.decorate::<bool>("Flags", |flag, resolver| {
        let faults = resolver.get::<Container>().check();
        // The flag itself is one of them.
        assert_eq!(faults.len(), 2);
        Ok(flag)
    });
    bindings.factory::<i8>("After", |resolver| {
        Ok(Arc::new(*resolver.get::<u32>() as i8))
    });
    let container = bindings.seal();
    assert_eq!(container.check().len(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    container.get::<i8>().unwrap_err();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_panic_is_one_fault_among_the_others_of_a_check() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let mut bindings = Bindings::default();
    bindings.bind::<ByHour>("Greeting");
    bindings.factory::<dyn Clock>("Time", move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        let hours = std::iter::empty().next();
        Ok(Arc::new(Fixed::at(hours.expect("a clock has hours"))))
    });
    bindings.extend::<ByHour>("Greeting");
    bindings.factory::<u32>("Numbers", |_| Err("out of numbers".into()));
    assert_eq!(
        faults(&bindings.seal()),
        [
            "`dyn Clock`, bound by bootloader `Time`, panicked while it was made: a clock has hours\n  \
             needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`",
            "`u32`, bound by bootloader `Numbers`, cannot be made",
        ]
    );
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_check_reports_every_fault_once() {
    trait Letter: Interface {}

    #[derive(Component)]
    #[shaku(interface = Letter)]
    struct Polite {
        #[shaku(inject)]
        _greeter: Arc<dyn Greeter>,
        #[shaku(inject)]
        _number: Arc<u32>,
    }
    impl Letter for Polite {}

    let mut bindings = ring();
    bindings.bind::<Polite>("Post");
    bindings.bind::<ByHour>("Greeting");
    bindings.factory::<u32>("Numbers", |_| Err("out of numbers".into()));
    bindings.extend::<ByHour>("Greeting");
    bindings.instance("A", Arc::new('a'));
    bindings.instance("B", Arc::new('b'));
    bindings.factory::<u8>("Letters", |resolver| {
        Ok(Arc::new(*resolver.get::<char>() as u8))
    });
    bindings.factory::<u16>("Sums", |resolver| {
        Ok(Arc::new(*resolver.get::<u32>() as u16))
    });
    assert_eq!(
        faults(&bindings.seal()),
        [
            "a circular dependency: `Leghorn` needs `White` needs `Hill` needs `Leghorn`",
            "nothing is bound to `dyn Clock`\n  \
             needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`\n  \
             needed by `Polite` (as `dyn Letter`), from bootloader `Post`",
            "`u32`, bound by bootloader `Numbers`, cannot be made",
            "`char` is bound twice: to `char` by bootloader `A` and to `char` by bootloader `B`; \
             the one that is meant to win says `rebind`",
        ]
    );
}

#[derive(PartialEq)]
struct Greeting;

impl Bootloader for Greeting {
    fn init(&self, init: &mut Init<'_>) {
        init.bind::<ByHour>().extend::<Fixed>();
    }
}

#[derive(PartialEq)]
pub(crate) struct Time;

impl Bootloader for Time {
    fn init(&self, init: &mut Init<'_>) {
        init.bind::<Fixed>()
            .decorate::<dyn Clock>(|clock, _| Ok(clock));
    }
}

#[tokio::test]
async fn container_check_says_what_is_wrong_and_fails() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Greeting));
    assert_refused(
        &kernel.console(["container:check"]).await,
        Code::Failed,
        "error: nothing is bound to `dyn Clock`\n  \
         needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`\n",
    );
}

#[tokio::test]
async fn container_check_says_so_when_all_is_well() {
    let project = Project::new();
    let kernel = project.kernel(|| Bootloaders::new().with(Greeting).with(Time));
    let bare = project.kernel(Bootloaders::new);
    let (called, bare) = (
        kernel.console(["container:check"]).await,
        bare.console(["container:check"]).await,
    );
    let count = |text: &str| -> usize {
        let count = text.strip_suffix(" bindings, no faults\n").unwrap();
        count.parse().unwrap()
    };
    assert_eq!(called.code, Code::Done);
    // The greeter, the clock, and the clock of the list.
    assert_eq!(count(&called.out), count(&bare.out) + 3);
}

#[tokio::test]
async fn container_check_builds_the_commands_too() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(crate::console::Asking));
    assert_refused(
        &kernel.console(["container:check"]).await,
        Code::Failed,
        "error: nothing is bound to `dyn Clock`\n  needed by `Ask`, from bootloader `Asking`\n",
    );
}

#[derive(Component)]
#[shaku(interface = DynHealthCheck)]
struct OnTime {
    #[shaku(inject)]
    _clock: Arc<dyn Clock>,
}

impl HealthCheck for OnTime {
    const NAME: &'static str = "on-time";
    const SCOPE: Scope = Scope::Server;

    async fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[derive(PartialEq)]
struct Punctual;

impl Bootloader for Punctual {
    fn init(&self, init: &mut Init<'_>) {
        init.health_check::<OnTime>();
    }
}

#[tokio::test]
async fn container_check_builds_what_is_bound_to_nothing_too() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Punctual));
    assert_refused(
        &kernel.console(["container:check"]).await,
        Code::Failed,
        "error: nothing is bound to `dyn Clock`\n  needed by `OnTime`, from bootloader `Punctual`\n",
    );
}

#[tokio::test]
async fn container_check_runs_what_fails_once_for_the_commands_too() {
    static STARTS: AtomicUsize = AtomicUsize::new(0);

    #[derive(PartialEq)]
    struct Stopped;
    impl Bootloader for Stopped {
        fn init(&self, init: &mut Init<'_>) {
            init.factory::<dyn Clock>(|_| {
                STARTS.fetch_add(1, Ordering::SeqCst);
                Err("the battery is empty".into())
            });
        }
    }

    let bootloaders = || {
        Bootloaders::new()
            .with(crate::console::Asking)
            .with(Stopped)
    };
    let kernel = Project::new().kernel(bootloaders);
    let called = kernel.console(["container:check"]).await;
    assert_eq!(called.code, Code::Failed);
    assert_eq!(STARTS.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn container_list_names_interface_implementation_and_bootloaders() {
    let kernel = Project::new().kernel(|| Bootloaders::new().with(Greeting).with(Time));
    let called = kernel.console(["container:list"]).await;
    let ours: Vec<Vec<&str>> = called
        .out
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()))
        .map(|cells| cells.map(str::trim).collect())
        .filter(|cells: &Vec<&str>| {
            cells
                .iter()
                .any(|cell| ["interface", "Greeting", "Time"].contains(cell))
        })
        .collect();
    assert_eq!(
        ours,
        [
            vec![
                "interface",
                "implementation",
                "kind",
                "bootloader",
                "decorated by"
            ],
            vec!["dyn Greeter", "ByHour", "component", "Greeting"],
            vec!["dyn Clock", "Fixed", "component", "Time", "Time"],
            vec!["dyn Clock (listed)", "Fixed", "component", "Greeting"],
        ]
    );
    assert_done(&called, &called.out);
}
