//! Declaring: each verb, and what two bootloaders may say about one interface.

use std::sync::Arc;

use nautil::container::{Bindings, Component, Interface, Kind, ResolveError};

use crate::container::{ByHour, Clock, Fixed, FixedParameters, Greeter};

trait Step: Interface {
    fn name(&self) -> &'static str;
}

#[derive(Component)]
#[shaku(interface = Step)]
struct First;

#[derive(Component)]
#[shaku(interface = Step)]
struct Second;

impl Step for First {
    fn name(&self) -> &'static str {
        "first"
    }
}

impl Step for Second {
    fn name(&self) -> &'static str {
        "second"
    }
}

/// A clock that is `ahead` of another.
struct Ahead {
    clock: Arc<dyn Clock>,
    ahead: fn(u64) -> u64,
}

impl Clock for Ahead {
    fn now(&self) -> u64 {
        (self.ahead)(self.clock.now())
    }
}

fn faults(bindings: Bindings) -> Vec<String> {
    let faults = bindings.seal().check().into_iter();
    faults
        .map(|fault: ResolveError| fault.to_string())
        .collect()
}

fn hour(bindings: Bindings) -> u64 {
    bindings.seal().get::<dyn Clock>().unwrap().now()
}

#[test]
fn bind_takes_the_parameters_that_the_component_declares() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    assert_eq!(hour(bindings), 9);
}

#[test]
fn bind_with_takes_the_parameters_that_are_given() {
    let mut bindings = Bindings::default();
    bindings.bind_with::<Fixed>("Time", || FixedParameters { hour: 4 });
    assert_eq!(hour(bindings), 4);
}

#[test]
fn an_instance_is_the_value_that_was_given() {
    let value: Arc<dyn Step> = Arc::new(Second);
    let mut bindings = Bindings::default();
    bindings.instance("Steps", Arc::clone(&value));
    let bound = bindings.seal().get::<dyn Step>().unwrap();
    assert!(Arc::ptr_eq(&bound, &value));
}

#[test]
fn a_factory_makes_the_value_from_what_it_resolves() {
    let mut bindings = Bindings::default();
    bindings.factory::<u64>("Hours", |resolver| {
        Ok(Arc::new(resolver.get::<dyn Clock>().now() + 1))
    });
    bindings.bind::<Fixed>("Time");
    assert_eq!(*bindings.seal().get::<u64>().unwrap(), 10);
}

#[test]
fn a_factory_that_fails_is_named_and_its_error_is_the_source() {
    let mut bindings = Bindings::default();
    bindings.factory::<dyn Clock>("Time", |_| Err("the battery is empty".into()));
    bindings.bind::<ByHour>("Greeting");
    let error = bindings
        .seal()
        .get::<dyn Greeter>()
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`dyn Clock`, bound by bootloader `Time`, cannot be made\n  \
         needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the battery is empty");
}

#[test]
fn a_factory_that_lacks_something_is_in_the_trace() {
    let mut bindings = Bindings::default();
    bindings.factory::<u64>("Hours", |resolver| {
        Ok(Arc::new(resolver.get::<dyn Clock>().now()))
    });
    let error = bindings.seal().get::<u64>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing is bound to `dyn Clock`\n  needed by `u64`, from bootloader `Hours`"
    );
}

#[test]
fn a_list_keeps_the_order_of_its_declarations() {
    trait Plan: Interface {
        fn names(&self) -> Vec<&'static str>;
    }

    #[derive(Component)]
    #[shaku(interface = Plan)]
    struct Steps {
        #[shaku(inject)]
        steps: Vec<Arc<dyn Step>>,
    }
    impl Plan for Steps {
        fn names(&self) -> Vec<&'static str> {
            self.steps.iter().map(|step| step.name()).collect()
        }
    }

    let mut bindings = Bindings::default();
    bindings.extend::<Second>("B");
    bindings.bind::<Steps>("Plan");
    bindings.extend::<First>("A");
    let container = bindings.seal();
    let injected = container.get::<dyn Plan>().unwrap().names();
    assert_eq!(injected, ["second", "first"]);

    let all = container.all::<dyn Step>().unwrap();
    let all: Vec<_> = all.iter().map(|step| step.name()).collect();
    assert_eq!(all, ["second", "first"]);
}

#[test]
fn a_factory_and_a_decorator_resolve_lists() {
    let mut bindings = Bindings::default();
    bindings.extend::<Second>("B");
    bindings.extend::<First>("A");
    bindings.factory::<String>("Names", |resolver| {
        let steps = resolver.all::<dyn Step>();
        let names: Vec<_> = steps.iter().map(|step| step.name()).collect();
        Ok(Arc::new(names.join(", ")))
    });
    bindings.decorate::<String>("Count", |names, resolver| {
        let steps = resolver.all::<dyn Step>();
        Ok(Arc::new(format!("{}: {names}", steps.len())))
    });
    let names = bindings.seal().get::<String>().unwrap();
    assert_eq!(*names, "2: second, first");
}

#[test]
fn a_list_lacks_what_a_member_lacks() {
    let mut bindings = Bindings::default();
    bindings.extend::<ByHour>("Greeting");
    bindings.factory::<usize>("Count", |resolver| {
        Ok(Arc::new(resolver.all::<dyn Greeter>().len()))
    });
    let container = bindings.seal();
    let said = "nothing is bound to `dyn Clock`\n  \
                needed by `ByHour` (as `dyn Greeter`), from bootloader `Greeting`";
    let error = container.all::<dyn Greeter>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), said);
    let error = container.get::<usize>().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{said}\n  needed by `usize`, from bootloader `Count`")
    );
}

#[test]
fn the_lists_of_two_interfaces_are_two_lists() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.extend::<First>("A");
    bindings.extend::<ByHour>("Greeting");
    bindings.extend::<Second>("B");
    let container = bindings.seal();
    assert_eq!(container.all::<dyn Step>().unwrap().len(), 2);
    assert_eq!(container.all::<dyn Greeter>().unwrap().len(), 1);
    let entries = container.entries().into_iter();
    let entries: Vec<_> = entries
        .map(|entry| (entry.implementation, entry.listed))
        .collect();
    let entries: Vec<_> = entries
        .iter()
        .map(|(implementation, listed)| (implementation.as_str(), *listed))
        .collect();
    assert_eq!(
        entries,
        [
            ("Fixed", false),
            ("First", true),
            ("ByHour", true),
            ("Second", true),
        ]
    );
}

#[test]
fn the_members_of_a_list_are_singletons() {
    let mut bindings = Bindings::default();
    bindings.extend::<First>("A");
    let container = bindings.seal();
    let (one, two) = (container.all::<dyn Step>(), container.all::<dyn Step>());
    assert!(Arc::ptr_eq(&one.unwrap()[0], &two.unwrap()[0]));
}

#[test]
fn a_list_that_nobody_extends_is_empty_and_no_single_binding() {
    let mut bindings = Bindings::default();
    bindings.bind::<First>("A");
    assert!(bindings.seal().all::<dyn Step>().unwrap().is_empty());

    let mut bindings = Bindings::default();
    bindings.extend::<First>("A");
    let error = bindings.seal().get::<dyn Step>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "nothing is bound to `dyn Step`");
}

#[test]
fn decorators_wrap_in_the_order_of_their_declaration() {
    let mut bindings = Bindings::default();
    // Declared before the binding that it wraps, and by somebody else.
    bindings.decorate::<dyn Clock>("Twice", |clock, _| {
        let ahead = |hour| hour * 2;
        Ok(Arc::new(Ahead { clock, ahead }))
    });
    bindings.bind::<Fixed>("Time");
    bindings.decorate::<dyn Clock>("Later", |clock, _| {
        let ahead = |hour| hour + 1;
        Ok(Arc::new(Ahead { clock, ahead }))
    });
    let container = bindings.seal();
    assert_eq!(container.get::<dyn Clock>().unwrap().now(), 19);
    let [entry] = &container.entries()[..] else {
        unreachable!("one binding")
    };
    assert_eq!(entry.decorators, ["Twice", "Later"]);
    assert_eq!((entry.kind, entry.bootloader), (Kind::Component, "Time"));
}

#[test]
fn a_decorator_resolves_its_own_needs() {
    struct Later {
        clock: Arc<dyn Clock>,
        later: u64,
    }
    impl Clock for Later {
        fn now(&self) -> u64 {
            self.clock.now() + self.later
        }
    }

    let mut bindings = Bindings::default();
    bindings.instance("Hours", Arc::new(3_u64));
    bindings.bind::<Fixed>("Time");
    bindings.decorate::<dyn Clock>("Later", |clock, resolver| {
        let later = *resolver.get::<u64>();
        Ok(Arc::new(Later { clock, later }))
    });
    assert_eq!(hour(bindings), 12);
}

#[test]
fn a_decorator_that_fails_is_named() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.decorate::<dyn Clock>("Later", |_, _| Err("no spring today".into()));
    let error = bindings.seal().get::<dyn Clock>().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`dyn Clock`, decorated by bootloader `Later`, cannot be made"
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "no spring today");
}

#[test]
fn a_decorator_that_asks_for_what_it_decorates_is_a_ring() {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.decorate::<dyn Clock>("Later", |_, resolver| Ok(resolver.get::<dyn Clock>()));
    assert_eq!(
        faults(bindings),
        ["a circular dependency: `Fixed` needs `Fixed`"]
    );
}

#[test]
fn rebind_takes_the_place_of_an_earlier_binding() {
    let mut bindings = Bindings::default();
    bindings.instance("Hours", Arc::new(3_u64));
    bindings.rebind_instance("Test", Arc::new(4_u64));
    bindings.rebind_factory("Later", |_| Ok(Arc::new(5_u64)));
    let container = bindings.seal();
    assert_eq!(*container.get::<u64>().unwrap(), 5);
    assert!(container.check().is_empty());
    assert_eq!(container.entries().len(), 1);
}

#[test]
fn rebind_takes_a_component_too() {
    let mut bindings = Bindings::default();
    bindings.bind::<First>("A");
    bindings.rebind::<Second>("B");
    let bound = bindings.seal().get::<dyn Step>().unwrap();
    assert_eq!(bound.name(), "second");
}

#[test]
fn rebind_settles_two_bindings() {
    let mut bindings = Bindings::default();
    bindings.bind::<First>("A");
    bindings.bind::<First>("B");
    bindings.rebind::<Second>("C");
    let container = bindings.seal();
    assert!(container.check().is_empty());
    assert_eq!(container.get::<dyn Step>().unwrap().name(), "second");
}

#[test]
fn rebind_where_nothing_is_bound_is_a_fault() {
    let mut bindings = Bindings::default();
    bindings.rebind::<First>("A");
    assert_eq!(
        faults(bindings),
        ["bootloader `A` says `rebind` for `dyn Step`, and nothing is bound to it"]
    );
}

#[test]
fn decorate_where_nothing_is_bound_is_a_fault() {
    let mut bindings = Bindings::default();
    bindings.decorate::<dyn Step>("A", |step, _| Ok(step));
    assert_eq!(
        faults(bindings),
        ["bootloader `A` says `decorate` for `dyn Step`, and nothing is bound to it"]
    );
}

#[test]
fn two_bindings_of_one_interface_name_both_bootloaders() {
    let mut bindings = Bindings::default();
    bindings.bind::<First>("A");
    bindings.bind::<Second>("B");
    let container = bindings.seal();
    let said = "`dyn Step` is bound twice: to `First` by bootloader `A` and to `Second` by bootloader `B`; \
                the one that is meant to win says `rebind`";
    let error = container.get::<dyn Step>().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), said);
    let faults: Vec<_> = container.check().iter().map(ToString::to_string).collect();
    assert_eq!(faults, [said]);
}
