//! Resolving: what is built, when, how often, and what a failed resolution says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use nautil::container::{
    Bindings, Component, Container, HasComponent, Interface, ResolveError, ResolveFault,
};
use nautil::shaku::{HasComponents, ModuleBuildContext};

pub(crate) trait Clock: Interface {
    fn now(&self) -> u64;
}

pub(crate) trait Greeter: Interface {
    fn greet(&self) -> String;
}

#[derive(Component)]
#[shaku(interface = Clock)]
pub(crate) struct Fixed {
    #[shaku(default = 9)]
    hour: u64,
}

impl Fixed {
    pub(crate) fn at(hour: u64) -> Self {
        Fixed { hour }
    }
}

impl Clock for Fixed {
    fn now(&self) -> u64 {
        self.hour
    }
}

#[derive(Component)]
#[shaku(interface = Greeter)]
pub(crate) struct ByHour {
    #[shaku(inject)]
    clock: Arc<dyn Clock>,
}

impl Greeter for ByHour {
    fn greet(&self) -> String {
        format!("it is {}", self.clock.now())
    }
}

fn said(error: ResolveError) -> String {
    error.to_string()
}

#[test]
fn a_component_gets_what_another_bootloader_bound() {
    let mut bindings = Bindings::default();
    bindings.bind::<ByHour>("Greeting");
    bindings.bind::<Fixed>("Time");
    let greeter = bindings.seal().get::<dyn Greeter>().unwrap();
    assert_eq!(greeter.greet(), "it is 9");
}

#[test]
fn a_concrete_type_is_injected() {
    struct Hours(u64);

    #[derive(Component)]
    #[shaku(interface = Clock)]
    struct Configured {
        #[shaku(inject)]
        hours: Arc<Hours>,
    }
    impl Clock for Configured {
        fn now(&self) -> u64 {
            self.hours.0
        }
    }

    let mut bindings = Bindings::default();
    bindings.bind::<Configured>("Time");
    bindings.instance("Config", Arc::new(Hours(5)));
    assert_eq!(bindings.seal().get::<dyn Clock>().unwrap().now(), 5);
}

#[test]
fn the_container_itself_can_be_resolved() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    let container = bindings.seal();
    let itself = container.get::<Container>().unwrap();
    let (outside, inside) = (container.get::<dyn Clock>(), itself.get::<dyn Clock>());
    assert!(Arc::ptr_eq(&outside.unwrap(), &inside.unwrap()));
}

/// A container whose clock counts how often it was made.
fn counted() -> (Container, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let mut bindings = Bindings::default();
    let counter = Arc::clone(&made);
    bindings.factory::<dyn Clock>("Time", move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        // Time for a second thread to come in, if one could.
        for _ in 0..1000 {
            std::thread::yield_now();
        }
        Ok(Arc::new(Fixed { hour: 9 }))
    });
    bindings.bind::<ByHour>("Greeting");
    (bindings.seal(), made)
}

#[test]
fn its_parts_say_how_much_they_hold() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.extend::<Fixed>("Time");
    bindings.factory::<String>("Debug", |resolver| Ok(Arc::new(format!("{resolver:?}"))));
    let place = bindings.deferred::<u64>("Numbers");
    assert_eq!(format!("{place:?}"), "Deferred { .. }");
    assert_eq!(
        format!("{bindings:?}"),
        "Bindings { bound: 3, listed: 1, .. }"
    );
    let container = bindings.seal();
    assert_eq!(format!("{container:?}"), "Container { bound: 4, .. }");
    assert_eq!(
        *container.get::<String>().unwrap(),
        "Resolver { container: Container { bound: 4, .. } }"
    );
}

#[test]
fn a_component_that_is_written_by_hand_sees_what_it_is_built_for() {
    struct Seen(String);
    impl Component<Container> for Seen {
        type Interface = Seen;
        type Parameters = ();

        fn build(context: &mut ModuleBuildContext<Container>, (): ()) -> Box<Seen> {
            let clocks: Vec<Arc<dyn Clock>> = Container::build_components(context);
            Box::new(Seen(format!("{:?} {}", context.submodules(), clocks.len())))
        }
    }

    let mut bindings = Bindings::default();
    bindings.bind::<Seen>("Debug");
    bindings.extend::<Fixed>("Time");
    assert_eq!(
        bindings.seal().get::<Seen>().unwrap().0,
        "Resolution { binding: Frame { interface: \"Seen\", implementation: \"Seen\", bootloader: \"Debug\" }, .. } 1"
    );
}

#[test]
fn a_singleton_is_built_on_first_use_and_once() {
    let (container, made) = counted();
    assert_eq!(made.load(Ordering::SeqCst), 0);
    let first = container.get::<dyn Clock>().unwrap();
    container.get::<dyn Greeter>().unwrap();
    let second = container.get::<dyn Clock>().unwrap();
    assert!(container.check().is_empty());
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn threads_that_race_for_a_singleton_get_the_same_one() {
    let (container, made) = counted();
    let start = Barrier::new(8);
    let clocks: Vec<Arc<dyn Clock>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    container.get::<dyn Clock>().unwrap()
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert!(clocks.iter().all(|clock| Arc::ptr_eq(clock, &clocks[0])));
}

#[test]
fn what_is_made_on_demand_is_new_each_time_and_its_needs_are_shared() {
    let (container, made) = counted();
    let first = container.make::<ByHour>("Console").unwrap();
    let second = container.make::<ByHour>("Console").unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

#[test]
fn a_missing_binding_names_who_needs_it() {
    trait Page: Interface {}

    #[derive(Component)]
    #[shaku(interface = Page)]
    struct Welcome {
        #[shaku(inject)]
        _greeter: Arc<dyn Greeter>,
    }
    impl Page for Welcome {}

    let mut bindings = Bindings::default();
    bindings.bind::<ByHour>("Greeting");
    bindings.bind::<Welcome>("Web");
    let error = bindings.seal().get::<dyn Page>().map(|_| ()).unwrap_err();
    assert_eq!(
        said(error),
        "nothing is bound to `dyn Clock`\n  \
         needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`\n  \
         needed by `Welcome` (as `dyn Page`), from bootloader `Web`"
    );
}

#[test]
fn a_missing_binding_names_the_nearest_one() {
    trait Clocks: Interface {}
    struct Many;
    impl Clocks for Many {}

    let mut bindings = Bindings::default();
    bindings.instance::<dyn Clocks>("Time", Arc::new(Many));
    let error = bindings.seal().get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(
        said(error),
        "nothing is bound to `dyn Clock`\n  did you mean `dyn Clocks`, bound by bootloader `Time`?"
    );
}

#[test]
fn names_that_are_alike_by_their_dyn_are_not_near() {
    trait Clerk: Interface {}
    struct Busy;
    impl Clerk for Busy {}

    let mut bindings = Bindings::default();
    bindings.instance::<dyn Clerk>("Office", Arc::new(Busy));
    let error = bindings.seal().get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(said(error), "nothing is bound to `dyn Clock`");
}

#[test]
fn shaku_s_own_methods_resolve_too() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.extend::<Fixed>("Time");
    let container = bindings.seal();
    let clock: &dyn Clock = container.resolve_ref();
    let same: Arc<dyn Clock> = container.resolve();
    assert!(std::ptr::addr_eq(clock, Arc::as_ptr(&same)));
    let clocks: &[Arc<dyn Clock>] = container.resolve_all();
    assert!(Arc::ptr_eq(
        &clocks[0],
        &container.all::<dyn Clock>().unwrap()[0]
    ));
    let none: &[Arc<dyn Greeter>] = container.resolve_all();
    assert!(none.is_empty());
}

#[test]
fn shaku_s_own_methods_unwind_with_the_error_that_get_returns() {
    let mut bindings = Bindings::default();
    bindings.extend::<ByHour>("Greeting");
    let container = bindings.seal();
    let attempts: [&dyn Fn(); 3] = [
        &|| drop(HasComponent::<dyn Clock>::resolve(&container)),
        &|| _ = HasComponent::<dyn Clock>::resolve_ref(&container),
        &|| _ = HasComponents::<dyn Greeter>::resolve_all(&container),
    ];
    for attempt in attempts {
        let payload = catch_unwind(AssertUnwindSafe(attempt)).unwrap_err();
        let error = payload.downcast::<ResolveError>().unwrap();
        assert!(matches!(error.fault, ResolveFault::Missing { .. }));
    }
}

#[test]
fn the_container_itself_can_be_borrowed() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    let container = bindings.seal();
    let itself: &Container = container.resolve_ref();
    let (outside, inside) = (container.get::<dyn Clock>(), itself.get::<dyn Clock>());
    assert!(Arc::ptr_eq(&outside.unwrap(), &inside.unwrap()));
}

#[test]
fn what_is_bound_as_the_container_takes_its_place() {
    let other = Arc::new(Bindings::default().seal());
    let mut bindings = Bindings::default();
    bindings.instance("Other", Arc::clone(&other));
    let bound = bindings.seal().get::<Container>().unwrap();
    assert!(Arc::ptr_eq(&bound, &other));
}

#[test]
fn singletons_go_with_the_container_even_if_it_was_asked_for_itself() {
    let value = Arc::new(7_u64);
    let mut bindings = Bindings::default();
    bindings.instance("Config", Arc::clone(&value));
    let container = bindings.seal();
    container.get::<u64>().unwrap();
    container.get::<Container>().unwrap();
    let _: &Container = container.resolve_ref();
    assert!(container.check().is_empty());
    drop(container);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_panic_in_a_constructor_is_an_error_that_says_so() {
    fn broken() -> u64 {
        panic!("the disk is on fire")
    }

    let mut bindings = Bindings::default();
    bindings.bind_with::<Fixed>("Time", || FixedParameters { hour: broken() });
    bindings.bind::<ByHour>("Greeting");
    bindings.instance("Config", Arc::new(7_u64));
    let container = bindings.seal();
    let error = container.get::<dyn Greeter>().map(|_| ()).unwrap_err();
    assert_eq!(
        said(error),
        "`dyn Clock`, bound by bootloader `Time`, panicked while it was made: the disk is on fire\n  \
         needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`"
    );
    // Another thread is not locked out by it.
    let other = std::thread::scope(|scope| scope.spawn(|| container.get::<u64>()).join());
    assert_eq!(*other.unwrap().unwrap(), 7);
}

#[test]
fn a_panic_is_no_hindrance_to_the_next_attempt() {
    let attempts = AtomicUsize::new(0);
    let mut bindings = Bindings::default();
    bindings.factory::<u64>("Numbers", move |_| {
        let attempt = attempts.fetch_add(1, Ordering::SeqCst);
        assert!(attempt > 0, "attempt {attempt}");
        Ok(Arc::new(7))
    });
    let container = bindings.seal();
    assert_eq!(
        said(container.get::<u64>().unwrap_err()),
        "`u64`, bound by bootloader `Numbers`, panicked while it was made: attempt 0"
    );
    assert_eq!(*container.get::<u64>().unwrap(), 7);
}

#[test]
fn a_panic_in_a_decorator_names_the_decorator() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.decorate::<dyn Clock>("Later", |_, _| std::panic::panic_any(7));
    let error = bindings.seal().get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(
        said(error),
        "`dyn Clock`, decorated by bootloader `Later`, panicked while it was made: \
         with a value that is no text"
    );
}

#[test]
fn the_container_works_again_after_a_failed_resolution() {
    let attempts = AtomicUsize::new(0);
    let mut bindings = Bindings::default();
    bindings.bind::<ByHour>("Greeting");
    bindings.factory::<dyn Clock>("Time", move |_| {
        if attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err("not yet".into());
        }
        Ok(Arc::new(Fixed { hour: 9 }))
    });
    let container = bindings.seal();
    container.get::<dyn Greeter>().map(|_| ()).unwrap_err();
    let greeter = container.get::<dyn Greeter>().unwrap();
    assert_eq!(greeter.greet(), "it is 9");
}

#[test]
fn a_failed_resolution_runs_no_panic_hook() {
    let here = std::thread::current().id();
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let before = Arc::new(std::panic::take_hook());
    let after = Arc::clone(&before);
    // The hook is the process's, and other tests panic too: those of this thread count.
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            counter.fetch_add(1, Ordering::SeqCst);
        } else {
            before(info);
        }
    }));

    let mut bindings = Bindings::default();
    bindings.bind::<ByHour>("Greeting");
    let container = bindings.seal();
    let failed = container.get::<dyn Greeter>().is_err();
    let faults = container.check().len();
    let panicked = catch_unwind(|| panic!("to see that the hook counts")).is_err();

    std::panic::set_hook(Box::new(move |info| after(info)));
    assert!(failed && panicked);
    assert_eq!(faults, 1);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
