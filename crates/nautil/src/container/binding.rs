//! One binding: what is bound, to what, by whom, and the singleton once it is built.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use shaku::{Interface, ModuleBuildContext};

use super::Container;
use super::error::{Frame, Reason};
use super::resolve;
use crate::error::BoxError;

/// A resolution in progress, as shaku carries it.
pub(super) type BuildContext = ModuleBuildContext<Container>;
/// An `Arc<I>` with its type erased.
pub(super) type Erased = Box<dyn Any + Send + Sync>;
type Build = Box<dyn Fn(&mut BuildContext) -> Result<Erased, BoxError> + Send + Sync>;
type Wrap = Box<dyn Fn(Erased, &mut BuildContext) -> Result<Erased, BoxError> + Send + Sync>;

/// How a binding comes by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A shaku component, wired from the container.
    Component,
    /// A value that was there before.
    Instance,
    /// A closure.
    Factory,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kind::Component => "component",
            Kind::Instance => "instance",
            Kind::Factory => "factory",
        })
    }
}

/// A line of `container:list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `dyn RateSource`.
    pub interface: String,
    /// `RandomRateSource`; for an instance or a factory, the interface again.
    pub implementation: String,
    /// How the value comes to be.
    pub kind: Kind,
    /// The bootloader that bound it.
    pub bootloader: &'static str,
    /// The bootloaders that decorate it, innermost first.
    pub decorators: Vec<&'static str>,
    /// Whether it is one of an ordered list (`extend`).
    pub listed: bool,
}

pub(super) struct Decorator {
    pub(super) bootloader: &'static str,
    pub(super) wrap: Wrap,
}

pub(super) struct Binding {
    pub(super) interface: String,
    pub(super) implementation: String,
    pub(super) kind: Kind,
    pub(super) bootloader: &'static str,
    pub(super) decorators: Vec<Decorator>,
    build: Build,
    built: OnceLock<Erased>,
}

impl Binding {
    pub(super) fn new(
        kind: Kind,
        interface: String,
        implementation: String,
        bootloader: &'static str,
        build: Build,
    ) -> Self {
        Binding {
            interface,
            implementation,
            kind,
            bootloader,
            decorators: Vec::new(),
            build,
            built: OnceLock::new(),
        }
    }

    /// The singleton, where it is built already.
    pub(super) fn built<I: Interface + ?Sized>(&self) -> Option<&Arc<I>> {
        self.built.get().map(downcast)
    }

    /// The singleton, built now if need be. Leaves by unwinding with a [`ResolveError`](super::ResolveError).
    pub(super) fn get<I: Interface + ?Sized>(&self, context: &mut BuildContext) -> &Arc<I> {
        downcast(self.erased(context))
    }

    pub(super) fn erased(&self, context: &mut BuildContext) -> &Erased {
        match self.built.get() {
            Some(built) => built,
            None => {
                let value = self.build(context);
                self.built.get_or_init(|| value)
            }
        }
    }

    fn build(&self, context: &mut BuildContext) -> Erased {
        resolve::enter(context, self.frame());
        let built = (self.build)(context).map_err(|source| ("bound", self.bootloader, source));
        let built = self.decorators.iter().fold(built, |built, decorator| {
            let wrapped = (decorator.wrap)(built?, context);
            wrapped.map_err(|source| ("decorated", decorator.bootloader, source))
        });
        resolve::leave(context);
        built.unwrap_or_else(|(verb, bootloader, source)| {
            let reason = Reason::Failed {
                interface: self.interface.clone(),
                verb,
                bootloader,
                source: Arc::from(source),
            };
            resolve::fail(context, reason)
        })
    }

    pub(super) fn frame(&self) -> Frame {
        Frame {
            interface: self.interface.clone(),
            implementation: self.implementation.clone(),
            bootloader: self.bootloader,
        }
    }

    pub(super) fn entry(&self, listed: bool) -> Entry {
        Entry {
            interface: self.interface.clone(),
            implementation: self.implementation.clone(),
            kind: self.kind,
            bootloader: self.bootloader,
            decorators: self.decorators.iter().map(|one| one.bootloader).collect(),
            listed,
        }
    }
}

fn downcast<I: Interface + ?Sized>(erased: &Erased) -> &Arc<I> {
    erased
        .downcast_ref()
        .expect("a binding is stored under the type of its interface")
}
