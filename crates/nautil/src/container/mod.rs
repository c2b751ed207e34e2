//! The container: `shaku` components, bound at run time by bootloaders.
//!
//! A component states what it needs with `#[derive(Component)]` and `#[shaku(inject)]`; what it gets is decided by the
//! bindings that the kernel's bootloaders declare (see [`Init`](crate::Init)). Components are singletons, built on first
//! use; resolving one that is built takes no lock.
//!
//! ```
//! use std::sync::Arc;
//! use nautil::container::{Bindings, Component, Interface};
//!
//! trait Clock: Interface { fn now(&self) -> u64; }
//! trait Greeter: Interface { fn greet(&self) -> String; }
//!
//! #[derive(Component)]
//! #[shaku(interface = Clock)]
//! struct Fixed;
//! impl Clock for Fixed { fn now(&self) -> u64 { 9 } }
//!
//! #[derive(Component)]
//! #[shaku(interface = Greeter)]
//! struct ByHour { #[shaku(inject)] clock: Arc<dyn Clock> }
//! impl Greeter for ByHour { fn greet(&self) -> String { format!("it is {}", self.clock.now()) } }
//!
//! let mut bindings = Bindings::default();
//! bindings.bind::<ByHour>("GreetingBootloader");
//! bindings.bind::<Fixed>("ClockBootloader");
//! let container = bindings.seal();
//! assert_eq!(container.get::<dyn Greeter>()?.greet(), "it is 9");
//! # Ok::<(), nautil::container::ResolveError>(())
//! ```
//!
//! # What can go wrong
//!
//! Every [`ResolveError`] names what could not be resolved, who needs it, and the bootloaders that bound both. Something
//! may be missing, bound twice, or circular; a factory may fail or panic. [`Container::check`] finds all of it at once.
//! A ring is found wherever it leads: through an injected [`Container`], and through threads that wait for each other.
//! Only if one thread waits for another in a way that the container cannot see, such as a join, the ring is not found before
//! [`Bindings::build_timeout`] is over.
//!
//! # How it works
//!
//! shaku is unmodified: [`Container`] is a [`shaku::Module`] that has every component, so the code that
//! `derive(Component)` writes accepts it. Each binding is built in a build context of its own. shaku's
//! `build_component` cannot return an error, so a need that cannot be resolved leaves the component that has it by
//! [`std::panic::resume_unwind`] (which runs no panic hook) with a [`ResolveError`] as payload. It is caught in one
//! place, where the binding runs the component's code, and goes on from there as a `Result`. So a program is to be built
//! with `panic = "unwind"`, which is Cargo's default: with `abort`, a missing binding would end the process.

mod binding;
mod bindings;
mod builds;
mod checks;
mod command;
mod deferred;
mod error;
mod module;
mod name;
mod registry;
mod report;
mod resolver;
mod type_map;

pub use shaku::{Component, HasComponent, Interface};

pub use binding::{BindingInfo, Kind};
pub use bindings::Bindings;
pub(crate) use checks::Checks;
pub(crate) use command::{ContainerCheck, ContainerList};
pub use deferred::Deferred;
pub use error::{Frame, ResolveError, ResolveFault};
pub use module::Container;
pub(crate) use module::MakeComponent;
pub use name::short_name;
pub(crate) use report::distinct;
pub use resolver::Resolver;
