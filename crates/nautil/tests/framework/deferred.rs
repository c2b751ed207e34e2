//! What is made in boot: before it is made, and after.

use std::sync::Arc;

use nautil::container::{Bindings, Component, Container, Interface, Kind, ResolveError};

use crate::container::{ByHour, Clock, Fixed, Greeter};

/// A clock that is a while ahead of another.
struct Ahead(Arc<dyn Clock>);

impl Clock for Ahead {
    fn now(&self) -> u64 {
        self.0.now() + 1
    }
}

const NOT_MADE: &str =
    "`dyn Clock` is made in boot by bootloader `Time`, and has not been made yet";

fn faults(container: &Container) -> Vec<String> {
    let faults = container.check().into_iter();
    faults.map(|fault| fault.to_string()).collect()
}

#[test]
fn what_is_made_in_boot_is_injected_like_anything_else() {
    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    bindings.bind::<ByHour>("Greeting");
    let container = bindings.seal();
    let made: Arc<dyn Clock> = Arc::new(Fixed::at(7));
    clock.fill(Arc::clone(&made));
    assert_eq!(container.get::<dyn Greeter>().unwrap().greet(), "it is 7");
    assert!(Arc::ptr_eq(&container.get::<dyn Clock>().unwrap(), &made));
    assert!(container.check().is_empty());
}

#[test]
fn asked_for_before_it_is_made_it_is_an_error_that_says_so() {
    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    bindings.bind::<ByHour>("Greeting");
    let container = bindings.seal();
    let error = container.get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), NOT_MADE);
    let error = container.get::<dyn Greeter>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{NOT_MADE}\n  needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`")
    );
    // To have asked too early does no harm.
    clock.fill(Arc::new(Fixed::at(7)));
    assert_eq!(container.get::<dyn Greeter>().unwrap().greet(), "it is 7");
}

#[test]
fn a_check_before_boot_reports_neither_it_nor_those_who_need_it() {
    #[derive(Debug, thiserror::Error)]
    #[error("no hour")]
    struct NoHour(#[from] ResolveError);

    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    bindings.bind::<ByHour>("Greeting");
    bindings.extend::<ByHour>("Greeting");
    bindings.factory::<u64>("Hours", |resolver| {
        let container = resolver.get::<Container>();
        let clock = container.get::<dyn Clock>().map_err(NoHour)?;
        Ok(Arc::new(clock.now()))
    });
    bindings.factory::<u8>("Numbers", |_| Err("out of numbers".into()));
    let container = bindings.seal();
    let said = ["`u8`, bound by bootloader `Numbers`, cannot be made"];
    assert_eq!(faults(&container), said);
    clock.fill(Arc::new(Fixed::at(7)));
    assert_eq!(faults(&container), said);
    assert_eq!(*container.get::<u64>().unwrap(), 7);
}

#[test]
fn a_check_after_boot_reports_what_those_who_need_it_lack_besides() {
    trait Page: Interface {}

    #[derive(Component)]
    #[shaku(interface = Page)]
    struct Welcome {
        #[shaku(inject)]
        _clock: Arc<dyn Clock>,
        #[shaku(inject)]
        _greeter: Arc<dyn Greeter>,
    }
    impl Page for Welcome {}

    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    bindings.bind::<Welcome>("Web");
    let container = bindings.seal();
    assert!(container.check().is_empty());
    clock.fill(Arc::new(Fixed::at(7)));
    assert_eq!(
        faults(&container),
        [
            "nothing is bound to `dyn Greeter`\n  needed by `Welcome` (as `dyn Page`), from bootloader `Web`"
        ]
    );
}

#[test]
fn it_is_decorated_when_it_is_there() {
    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    bindings.decorate::<dyn Clock>("Later", |clock, _| Ok(Arc::new(Ahead(clock))));
    let container = bindings.seal();
    let error = container.get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), NOT_MADE);
    clock.fill(Arc::new(Fixed::at(7)));
    assert_eq!(container.get::<dyn Clock>().unwrap().now(), 8);
}

#[test]
fn the_list_of_bindings_says_that_it_is_deferred() {
    let mut bindings = Bindings::default();
    let _clock = bindings.deferred::<dyn Clock>("Time");
    let [entry] = &bindings.seal().entries()[..] else {
        unreachable!("one binding")
    };
    assert_eq!(entry.kind, Kind::Deferred);
    assert_eq!(entry.kind.to_string(), "deferred");
    assert_eq!(
        (entry.interface.as_str(), entry.bootloader),
        ("dyn Clock", "Time")
    );
    assert_eq!(entry.implementation, "dyn Clock");
}

#[test]
fn it_is_needed_until_something_else_takes_its_place() {
    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    assert!(clock.is_needed());
    bindings.rebind_instance::<dyn Clock>("Test", Arc::new(Fixed::at(4)));
    assert!(!clock.is_needed());
    let container = bindings.seal();
    // Who makes it all the same does no harm.
    clock.fill(Arc::new(Fixed::at(7)));
    assert_eq!(container.get::<dyn Clock>().unwrap().now(), 4);
}

#[test]
fn it_is_needed_until_the_container_is_gone() {
    let mut bindings = Bindings::default();
    let clock = bindings.deferred::<dyn Clock>("Time");
    let container = bindings.seal();
    assert!(clock.is_needed());
    drop(container);
    assert!(!clock.is_needed());
}

#[test]
fn it_may_be_bound_only_once_like_anything_else() {
    let mut bindings = Bindings::default();
    let _clock = bindings.deferred::<dyn Clock>("Time");
    bindings.bind::<Fixed>("Config");
    assert_eq!(
        faults(&bindings.seal()),
        [
            "`dyn Clock` is bound twice: to `dyn Clock` by bootloader `Time` and to `Fixed` by bootloader `Config`; \
             the one that is meant to win says `rebind`"
        ]
    );
}
