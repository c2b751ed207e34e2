//! The order of bootloaders, and lists that have none.

use nautil::bootloader::{Bootloader, Condition, Dependency, Init};
use nautil::console::Code;
use nautil::testing::TestKernel;
use nautil::{Bootloaders, Kernel};

use crate::container::Fixed;
use crate::project::{Project, assert_refused};

macro_rules! bootloaders {
    ($($name:ident needs [$($dependency:ty),*];)*) => {$(
        #[derive(PartialEq)]
        struct $name;

        impl Bootloader for $name {
            fn dependencies(&self) -> Vec<Dependency> {
                vec![$(Dependency::on::<$dependency>()),*]
            }
        }
    )*};
}

bootloaders! {
    Storage needs [];
    Rates needs [Storage];
    Mail needs [];
    Web needs [Rates, Mail];
    Hen needs [Egg];
    Egg needs [Farm];
    Farm needs [Hen];
}

/// A bootloader with a setting.
#[derive(PartialEq)]
struct Port(u16);

impl Bootloader for Port {}

fn kernel<F: Fn() -> Bootloaders>(bootloaders: F) -> TestKernel<impl Kernel> {
    Project::new().kernel(bootloaders)
}

/// What `kernel:bootloaders` says of the bootloaders that the test lists: number, name and state.
async fn reported(kernel: TestKernel<impl Kernel>) -> Vec<String> {
    let called = kernel.console(["kernel:bootloaders"]).await;
    assert_eq!(called.code, Code::Done);
    let ours = ["Storage", "Rates", "Mail", "Web", "Port"];
    let rows = called.out.lines().filter_map(|line| {
        let mut cells = line
            .split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        let (_, name, state) = (cells.next()?, cells.next()?, cells.next()?);
        ours.contains(&name).then(|| format!("{name} {state}"))
    });
    rows.collect()
}

async fn refused(kernel: TestKernel<impl Kernel>, err: &str) {
    assert_refused(&kernel.console(["list"]).await, Code::Failed, err);
    // An application that cannot be put together does not start either.
    let started = kernel.start().await.unwrap_err().to_string();
    assert_eq!(err.lines().count(), started.lines().count());
}

#[tokio::test]
async fn dependencies_come_first() {
    let kernel = kernel(|| {
        Bootloaders::new()
            .with(Web)
            .with(Rates)
            .with(Mail)
            .with(Storage)
    });
    assert_eq!(
        reported(kernel).await,
        [
            "Mail enabled",
            "Storage enabled",
            "Rates enabled",
            "Web enabled"
        ]
    );
}

#[tokio::test]
async fn without_dependencies_the_order_is_that_of_the_list() {
    let kernel = kernel(|| Bootloaders::new().with(Storage).with(Mail).with(Rates));
    assert_eq!(
        reported(kernel).await,
        ["Storage enabled", "Mail enabled", "Rates enabled"]
    );
}

#[tokio::test]
async fn an_equal_second_mention_is_dropped() {
    let kernel = kernel(|| Bootloaders::new().with(Port(1)).with(Mail).with(Port(1)));
    assert_eq!(reported(kernel).await, ["Port enabled", "Mail enabled"]);
}

#[tokio::test]
async fn a_second_mention_with_other_settings_is_an_error() {
    let kernel = kernel(|| Bootloaders::new().with(Port(1)).with(Port(2)));
    refused(
        kernel,
        "error: bootloader `Port` is listed twice, with different settings\n",
    )
    .await;
}

#[tokio::test]
async fn a_second_mention_with_another_condition_is_an_error() {
    let kernel = kernel(|| {
        let production = Condition::environment(["production"]);
        Bootloaders::new().with(Mail).with_if(production, Mail)
    });
    refused(
        kernel,
        "error: bootloader `Mail` is listed twice, with different settings\n",
    )
    .await;
}

#[tokio::test]
async fn a_ring_is_printed() {
    let kernel = kernel(|| {
        let list = Bootloaders::new().with(Storage).with(Hen).with(Mail);
        list.with(Egg).with(Farm)
    });
    refused(
        kernel,
        "error: bootloaders need each other: `Hen` needs `Egg` needs `Farm` needs `Hen`\n",
    )
    .await;
}

#[tokio::test]
async fn every_unknown_dependency_is_named() {
    let kernel = kernel(|| Bootloaders::new().with(Web).with(Hen).with(Rates));
    refused(
        kernel,
        "error: bootloader `Web` needs `Mail`, which the kernel does not list\n\
         error: bootloader `Hen` needs `Egg`, which the kernel does not list\n\
         error: bootloader `Rates` needs `Storage`, which the kernel does not list\n",
    )
    .await;
}

fn conditional() -> TestKernel<impl Kernel> {
    kernel(|| {
        Bootloaders::new()
            .with_if(Condition::environment(["local", "testing"]), Storage)
            .with_if(Condition::not_environment(["local"]), Mail)
            .with_if(Condition::variable("PORT", "on"), Port(1))
    })
}

#[tokio::test]
async fn a_disabled_bootloader_is_reported_with_the_reason() {
    assert_eq!(
        reported(conditional()).await,
        [
            "Storage enabled",
            "Mail skipped: APP_ENV is local; enabled when APP_ENV is not local",
            "Port skipped: PORT is not set; enabled when PORT is on",
        ]
    );
}

#[tokio::test]
async fn the_environment_enables_and_disables() {
    let kernel = conditional().env("APP_ENV", "production").env("PORT", "on");
    assert_eq!(
        reported(kernel).await,
        [
            "Mail enabled",
            "Port enabled",
            "Storage skipped: APP_ENV is production; enabled when APP_ENV is local or testing",
        ]
    );
}

#[tokio::test]
async fn to_need_a_disabled_bootloader_is_an_error() {
    let kernel = kernel(|| {
        let on_demand = Condition::variable("STORAGE", "on");
        Bootloaders::new().with_if(on_demand, Storage).with(Rates)
    });
    refused(
        kernel.env("STORAGE", "off"),
        "error: bootloader `Rates` needs `Storage`, which is disabled: STORAGE is off; enabled when STORAGE is on\n",
    )
    .await;
}

#[tokio::test]
async fn one_name_declared_by_two_bootloaders_names_both() {
    #[derive(PartialEq)]
    struct Again;
    impl Bootloader for Again {
        fn init(&self, init: &mut Init<'_>) {
            init.config::<crate::sections::Cache>()
                .command::<crate::console::Greet>()
                .serve::<crate::kernel::Echo>();
        }
    }
    let kernel = kernel(|| {
        let once = Bootloaders::new()
            .with(crate::sections::Storage)
            .with(crate::console::Demo);
        once.with(crate::kernel::Serving).with(Again)
    });
    refused(
        kernel,
        "error: config section `cache` is declared twice: by bootloader `Storage` and by bootloader `Again`\n\
         error: command `demo:greet` is declared twice: by bootloader `Demo` and by bootloader `Again`\n\
         error: service `test.Echo` is declared twice: by bootloader `Serving` and by bootloader `Again`\n",
    )
    .await;
}

#[tokio::test]
async fn what_a_disabled_bootloader_would_declare_is_not_there() {
    #[derive(PartialEq)]
    struct Time;
    impl Bootloader for Time {
        fn init(&self, init: &mut Init<'_>) {
            init.bind::<Fixed>();
        }
    }
    let listed = |on: &'static str| async move {
        let kernel = kernel(|| Bootloaders::new().with_if(Condition::variable("TIME", "on"), Time));
        let called = kernel.env("TIME", on).console(["container:list"]).await;
        called.out.contains("dyn Clock")
    };
    assert!(listed("on").await);
    assert!(!listed("off").await);
}
