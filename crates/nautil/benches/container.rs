//! What it costs to ask the container for a singleton that is built.

#![allow(
    missing_docs,
    reason = "criterion's macros write undocumented functions"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use nautil::container::{Bindings, Component, Container, Interface};

trait Clock: Interface {
    fn now(&self) -> u64;
}

#[derive(Component)]
#[shaku(interface = Clock)]
struct Fixed {
    #[shaku(inject)]
    hour: Arc<Hour>,
}

impl Clock for Fixed {
    fn now(&self) -> u64 {
        self.hour.0
    }
}

struct Hour(u64);

/// A type that is bound beside the two that are asked for: each pair of digits is one.
struct Beside<const TENS: u8, const ONES: u8>;

/// Binds `Beside<TENS, 0>` to `Beside<TENS, 9>`.
fn bind_ten<const TENS: u8>(bindings: &mut Bindings) {
    bindings.instance("Beside", Arc::new(Beside::<TENS, 0>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 1>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 2>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 3>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 4>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 5>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 6>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 7>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 8>));
    bindings.instance("Beside", Arc::new(Beside::<TENS, 9>));
}

/// Binds what is asked for, and what `beside` binds.
fn container(beside: impl FnOnce(&mut Bindings)) -> Container {
    let mut bindings = Bindings::default();
    bindings.bind::<Fixed>("Time");
    bindings.instance("Time", Arc::new(Hour(9)));
    beside(&mut bindings);
    let container = bindings.seal();
    assert!(container.check().is_empty());
    container
}

fn of_8() -> Container {
    container(|bindings| {
        bindings.instance("Beside", Arc::new(Beside::<0, 0>));
        bindings.instance("Beside", Arc::new(Beside::<0, 1>));
        bindings.instance("Beside", Arc::new(Beside::<0, 2>));
        bindings.instance("Beside", Arc::new(Beside::<0, 3>));
        bindings.instance("Beside", Arc::new(Beside::<0, 4>));
        bindings.instance("Beside", Arc::new(Beside::<0, 5>));
    })
}

fn of_200() -> Container {
    container(|bindings| {
        macro_rules! tens {
            ($($tens:literal)*) => {$( bind_ten::<$tens>(bindings); )*};
        }
        tens!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18);
        bindings.instance("Beside", Arc::new(Beside::<19, 0>));
        bindings.instance("Beside", Arc::new(Beside::<19, 1>));
        bindings.instance("Beside", Arc::new(Beside::<19, 2>));
        bindings.instance("Beside", Arc::new(Beside::<19, 3>));
        bindings.instance("Beside", Arc::new(Beside::<19, 4>));
        bindings.instance("Beside", Arc::new(Beside::<19, 5>));
        bindings.instance("Beside", Arc::new(Beside::<19, 6>));
        bindings.instance("Beside", Arc::new(Beside::<19, 7>));
    })
}

fn resolve(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve");
    for container in [of_8(), of_200()] {
        let bound = container.entries().len();
        group.bench_function(BenchmarkId::new("interface", bound), |bencher| {
            bencher.iter(|| black_box(&container).get::<dyn Clock>());
        });
        group.bench_function(BenchmarkId::new("concrete", bound), |bencher| {
            bencher.iter(|| black_box(&container).get::<Hour>());
        });
    }
    group.finish();
    assert_eq!(
        of_8().get::<dyn Clock>().map(|clock| clock.now()).ok(),
        Some(9)
    );
}

criterion_group!(benches, resolve);
criterion_main!(benches);
