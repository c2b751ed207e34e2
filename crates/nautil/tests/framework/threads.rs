//! Threads that resolve at the same time: what they may wait for, and what they must not wait for.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use nautil::container::{Bindings, Container, Interface, ResolveError, Resolver};

use crate::container::{ByHour, Clock, Fixed, Greeter};

/// What another thread gets from the container that `resolver` is of. The container sees nothing of the wait for it.
fn elsewhere<I: Interface + ?Sized>(resolver: &mut Resolver<'_>) -> Result<Arc<I>, ResolveError> {
    let container = resolver.get::<Container>();
    thread::spawn(move || container.get::<I>()).join().unwrap()
}

/// What each of `gets` says when all of them run at the same time.
fn at_once<const N: usize>(
    gets: [&(dyn Fn() -> Result<(), ResolveError> + Sync); N],
) -> [String; N] {
    thread::scope(|scope| {
        let threads = gets.map(|get| scope.spawn(get));
        threads.map(|thread| thread.join().unwrap().unwrap_err().to_string())
    })
}

#[test]
fn a_factory_may_resolve_on_another_thread() {
    let mut bindings = Bindings::default();
    bindings.factory::<String>("Titles", |resolver| {
        let greeter = elsewhere::<dyn Greeter>(resolver)?;
        Ok(Arc::new(greeter.greet().to_uppercase()))
    });
    bindings.bind::<ByHour>("Greeting");
    bindings.bind::<Fixed>("Time");
    let container = bindings.seal();
    assert_eq!(*container.get::<String>().unwrap(), "IT IS 9");
    // The other thread has built the one singleton that everybody gets.
    assert!(container.check().is_empty());
}

#[test]
fn a_factory_may_resolve_in_a_task_of_another_thread() {
    let mut bindings = Bindings::default();
    bindings.factory::<u64>("Hours", |resolver| {
        let container = resolver.get::<Container>();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()?;
        let clock = runtime.block_on(runtime.spawn(async move { container.get::<dyn Clock>() }));
        Ok(Arc::new(clock??.now()))
    });
    bindings.bind::<Fixed>("Time");
    assert_eq!(*bindings.seal().get::<u64>().unwrap(), 9);
}

#[test]
fn threads_build_side_by_side() {
    let together = Arc::new(Barrier::new(2));
    let mut bindings = Bindings::default();
    let here = Arc::clone(&together);
    bindings.factory::<u8>("Small", move |_| {
        here.wait();
        Ok(Arc::new(1))
    });
    bindings.factory::<u16>("Large", move |_| {
        together.wait();
        Ok(Arc::new(2))
    });
    let container = bindings.seal();
    thread::scope(|scope| {
        let small = scope.spawn(|| container.get::<u8>());
        assert_eq!(*container.get::<u16>().unwrap(), 2);
        assert_eq!(*small.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn two_threads_that_need_what_the_other_builds_are_told_the_ring() {
    let together = Arc::new(Barrier::new(2));
    let mut bindings = Bindings::default();
    let here = Arc::clone(&together);
    bindings.factory::<u8>("Small", move |resolver| {
        here.wait();
        Ok(Arc::new(*resolver.get::<u16>() as u8))
    });
    bindings.factory::<u16>("Large", move |resolver| {
        together.wait();
        Ok(Arc::new(u16::from(*resolver.get::<u8>())))
    });
    bindings.factory::<u32>("Outside", |resolver| {
        Ok(Arc::new(u32::from(*resolver.get::<u8>())))
    });
    let container = bindings.seal();
    let [outside, large] = at_once([&|| container.get::<u32>().map(|_| ()), &|| {
        container.get::<u16>().map(|_| ())
    }]);
    // Who waited last has seen it, and the ring begins there.
    let rings = [
        "a circular dependency: `u8` needs `u16` needs `u8`",
        "a circular dependency: `u16` needs `u8` needs `u16`",
    ];
    assert!(rings.contains(&large.as_str()), "{large}");
    assert_eq!(
        outside,
        format!("{large}\n  needed by `u32`, from bootloader `Outside`")
    );
}

#[test]
fn a_ring_may_go_through_three_threads() {
    let together = Arc::new(Barrier::new(3));
    let mut bindings = Bindings::default();
    let here = Arc::clone(&together);
    bindings.factory::<u8>("A", move |resolver| {
        here.wait();
        Ok(Arc::new(*resolver.get::<u16>() as u8))
    });
    let here = Arc::clone(&together);
    bindings.factory::<u16>("B", move |resolver| {
        here.wait();
        // Not all of the ring's members are the outermost of their threads.
        Ok(Arc::new(*resolver.get::<i32>() as u16))
    });
    bindings.factory::<i32>("Between", |resolver| {
        Ok(Arc::new(*resolver.get::<u64>() as i32))
    });
    bindings.factory::<u64>("C", move |resolver| {
        together.wait();
        Ok(Arc::new(u64::from(*resolver.get::<u8>())))
    });
    let container = bindings.seal();
    let said = at_once([
        &|| container.get::<u8>().map(|_| ()),
        &|| container.get::<u16>().map(|_| ()),
        &|| container.get::<u64>().map(|_| ()),
    ]);
    let rings = [
        "a circular dependency: `u8` needs `u16` needs `i32` needs `u64` needs `u8`",
        "a circular dependency: `u16` needs `i32` needs `u64` needs `u8` needs `u16`",
        "a circular dependency: `u64` needs `u8` needs `u16` needs `i32` needs `u64`",
    ];
    for text in &said {
        assert!(rings.contains(&text.as_str()), "{text}");
    }
}

#[test]
fn a_thread_that_waits_for_a_build_is_not_in_the_way_of_another_one() {
    let (started, wait_for_start) = mpsc::channel();
    let (go_on, wait_for_leave) = mpsc::channel();
    let wait_for_leave = std::sync::Mutex::new(wait_for_leave);
    let mut bindings = Bindings::default();
    bindings.factory::<u8>("Slow", move |_| {
        started.send(()).unwrap();
        wait_for_leave.lock().unwrap().recv().unwrap();
        Ok(Arc::new(1))
    });
    bindings.factory::<u16>("Waits", |resolver| {
        Ok(Arc::new(u16::from(*resolver.get::<u8>())))
    });
    bindings.instance("Free", Arc::new(3_u32));
    let container = bindings.seal();
    thread::scope(|scope| {
        let slow = scope.spawn(|| container.get::<u8>());
        wait_for_start.recv().unwrap();
        let waits = scope.spawn(|| container.get::<u16>());
        // The build is not over, and others begin and end meanwhile.
        assert_eq!(*container.get::<u32>().unwrap(), 3);
        go_on.send(()).unwrap();
        assert_eq!(*waits.join().unwrap().unwrap(), 1);
        assert_eq!(*slow.join().unwrap().unwrap(), 1);
    });
}

/// A factory whose other thread needs what the factory makes, through something between them.
fn ring_through_a_join() -> Bindings {
    let mut bindings = Bindings::default();
    joins(&mut bindings);
    needs(&mut bindings);
    bindings
}

fn joins(bindings: &mut Bindings) {
    bindings.build_timeout(Duration::from_millis(20));
    bindings.factory::<u8>("Joins", |resolver| {
        Ok(Arc::new(*elsewhere::<u16>(resolver)? as u8))
    });
}

fn needs(bindings: &mut Bindings) {
    bindings.factory::<u16>("Needs", |resolver| {
        Ok(Arc::new(u16::from(*resolver.get::<u8>())))
    });
}

#[test]
fn a_build_that_joins_a_thread_that_needs_it_is_told_the_ring() {
    let container = ring_through_a_join().seal();
    let error = container.get::<u8>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `u8` needs `u16` needs `u8`"
    );
}

#[test]
fn a_build_that_joins_a_thread_that_asks_for_it_is_told_the_ring() {
    let mut bindings = Bindings::default();
    bindings.build_timeout(Duration::from_millis(20));
    bindings.factory::<u8>("Joins", |resolver| Ok(elsewhere::<u8>(resolver)?));
    let error = bindings.seal().get::<u8>().unwrap_err();
    assert_eq!(error.to_string(), "a circular dependency: `u8` needs `u8`");
}

#[test]
fn a_ring_through_a_join_names_who_entered_it() {
    let mut bindings = ring_through_a_join();
    bindings.factory::<u32>("Outside", |resolver| {
        Ok(Arc::new(u32::from(*resolver.get::<u8>())))
    });
    let error = bindings.seal().get::<u32>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a circular dependency: `u8` needs `u16` needs `u8`\n  needed by `u32`, from bootloader `Outside`"
    );
}

#[test]
fn a_ring_through_a_join_is_one_fault_of_a_check() {
    let said = |bindings: Bindings| -> Vec<String> {
        let faults = bindings.seal().check().into_iter();
        faults.map(|fault| fault.to_string()).collect()
    };
    assert_eq!(
        said(ring_through_a_join()),
        ["a circular dependency: `u8` needs `u16` needs `u8`"]
    );
    let mut bindings = Bindings::default();
    needs(&mut bindings);
    joins(&mut bindings);
    assert_eq!(
        said(bindings),
        ["a circular dependency: `u16` needs `u8` needs `u16`"]
    );
}

#[test]
fn a_thread_gives_up_waiting_for_a_build_that_may_wait_for_it() {
    let (told, hear) = mpsc::channel();
    let mut bindings = Bindings::default();
    bindings.build_timeout(Duration::from_millis(20));
    bindings.factory::<u8>("Joins", move |resolver| {
        let error = elsewhere::<u16>(resolver).unwrap_err();
        told.send(error.to_string()).unwrap();
        // It can do without.
        Ok(Arc::new(1))
    });
    bindings.factory::<u16>("Needs", |resolver| {
        Ok(Arc::new(u16::from(*resolver.get::<u8>())))
    });
    let container = bindings.seal();
    assert_eq!(*container.get::<u8>().unwrap(), 1);
    assert_eq!(
        hear.recv().unwrap(),
        "`u8` is being built by another thread, which has not finished within 20ms: does it wait for this one?\n  \
         needed by `u16`, from bootloader `Needs`"
    );
    // What failed for it is built by the next one who asks.
    assert_eq!(*container.get::<u16>().unwrap(), 1);
}

#[test]
fn a_check_reports_a_wait_that_is_in_no_ring() {
    let (started, wait_for_start) = mpsc::channel();
    let (go_on, wait_for_leave) = mpsc::channel();
    let wait_for_leave = std::sync::Mutex::new(wait_for_leave);
    let mut bindings = Bindings::default();
    bindings.build_timeout(Duration::from_millis(20));
    bindings.factory::<u8>("Slow", move |_| {
        started.send(()).unwrap();
        wait_for_leave.lock().unwrap().recv().unwrap();
        Ok(Arc::new(1))
    });
    let container = bindings.seal();
    thread::scope(|scope| {
        let slow = scope.spawn(|| container.get::<u8>());
        wait_for_start.recv().unwrap();
        let faults: Vec<_> = container.check().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "`u8` is being built by another thread, which has not finished within 20ms: does it wait for this one?"
            ]
        );
        go_on.send(()).unwrap();
        slow.join().unwrap().unwrap();
    });
    assert!(container.check().is_empty());
}
