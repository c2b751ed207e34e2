//! One binding: what is bound, to what, by whom, and the singleton once it is built.
//!
//! `BuildContext` is what a build takes its needs from. It is a type parameter, because the container consists of bindings and a
//! binding cannot consist of the container.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use shaku::Interface;

use super::builds::{BuildOutcome, Target};
use super::error::{Frame, ResolveError, ResolveFault};
use crate::error::BoxError;

/// An `Arc<I>` with its type erased.
pub(super) type Erased = Box<dyn Any + Send + Sync>;
type Build<BuildContext> = Box<dyn Fn(&mut BuildContext) -> Result<Erased, BoxError> + Send + Sync>;
type Wrap<BuildContext> =
    Box<dyn Fn(Erased, &mut BuildContext) -> Result<Erased, BoxError> + Send + Sync>;

/// Where the value of a binding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A shaku component, which is built when it is first needed.
    Component,
    /// A value that the bootloader handed over.
    Instance,
    /// A closure of the bootloader, which is called when the value is first needed.
    Factory,
    /// A value that is made in the phase `boot`.
    Deferred,
}

/// One binding, as `container:list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingInfo {
    /// The name of what is bound: `dyn RateSource`.
    pub interface: String,
    /// The name of the component, such as `RandomRateSource`. It is the name of the interface where no component is bound.
    pub implementation: String,
    /// Where the value comes from.
    pub kind: Kind,
    /// The bootloader that bound it.
    pub bootloader: &'static str,
    /// The bootloaders that decorate it, innermost first.
    pub decorators: Vec<&'static str>,
    /// Whether it is a member of a list, as `extend` declares one.
    pub listed: bool,
}

pub(super) struct Decorator<BuildContext> {
    bootloader: &'static str,
    wrap: Wrap<BuildContext>,
}

pub(super) struct Binding<BuildContext> {
    pub(super) target: Target,
    pub(super) frame: Frame,
    kind: Kind,
    /// What else was bound to the same interface. One rival is enough for the binding to be refused: it is not for the order of
    /// bootloaders to decide which of them was meant.
    rivals: Vec<Frame>,
    decorators: Vec<Decorator<BuildContext>>,
    build: Build<BuildContext>,
    built: OnceLock<Erased>,
}

/// What the build of a deferred binding says as long as its value is not there.
#[derive(Debug, thiserror::Error)]
#[error("it has not been made yet")]
pub(super) struct NotMade;

impl<BuildContext> Binding<BuildContext> {
    pub(super) fn new(
        kind: Kind,
        target: Target,
        frame: Frame,
        build: impl Fn(&mut BuildContext) -> Result<Erased, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Binding {
            target,
            frame,
            kind,
            rivals: Vec::new(),
            decorators: Vec::new(),
            build: Box::new(build),
            built: OnceLock::new(),
        }
    }

    /// Notes that something else was bound to the same interface.
    pub(super) fn rival(&mut self, other: Frame) {
        self.rivals.push(other);
    }

    pub(super) fn decorate(&mut self, decorator: Decorator<BuildContext>) {
        self.decorators.push(decorator);
    }

    /// The singleton, where it is built already.
    pub(super) fn built<I: Interface + ?Sized>(&self) -> Option<&Arc<I>> {
        self.built.get().map(|erased| {
            erased
                .downcast_ref()
                .expect("a binding is stored under the type of its interface")
        })
    }

    pub(super) fn is_built(&self) -> bool {
        self.built.get().is_some()
    }

    /// An error where two bootloaders bound one interface.
    pub(super) fn refuse_rivals(&self) -> BuildOutcome {
        if self.rivals.is_empty() {
            return Ok(());
        }
        let bound = [&self.frame].into_iter().chain(&self.rivals);
        let named = bound.map(|frame| (frame.implementation.clone(), frame.bootloader));
        Err(ResolveFault::BoundTwice {
            interface: self.frame.interface.clone(),
            bindings: named.collect(),
        }
        .into())
    }

    /// Makes the value and keeps it. It never unwinds.
    pub(super) fn build(&self, context: &mut BuildContext) -> BuildOutcome {
        let bootloader = self.frame.bootloader;
        let mut value = self.step("bound", bootloader, || (self.build)(context))?;
        for Decorator { bootloader, wrap } in &self.decorators {
            value = self.step("decorated", bootloader, || wrap(value, context))?;
        }
        // `Builds` lets one thread build it, so the place is empty. If it were not, what others hold already would have to stay.
        self.built.get_or_init(|| value);
        Ok(())
    }

    /// Runs what a bootloader wrote, in whatever way it ends.
    fn step(
        &self,
        verb: &'static str,
        bootloader: &'static str,
        run: impl FnOnce() -> Result<Erased, BoxError>,
    ) -> Result<Erased, ResolveError> {
        // What a panic leaves half done belongs to the value that is not made, and is dropped with it.
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(result) => result.map_err(|source| self.failed(verb, bootloader, source)),
            Err(payload) => Err(self.unwound(verb, bootloader, payload)),
        }
    }

    fn failed(
        &self,
        verb: &'static str,
        bootloader: &'static str,
        source: BoxError,
    ) -> ResolveError {
        let interface = self.frame.interface.clone();
        if source.is::<NotMade>() {
            let fault = ResolveFault::NotMade {
                interface,
                bootloader,
            };
            return fault.into();
        }
        match source.downcast::<ResolveError>() {
            // A factory that passes on what the container said adds nothing to it but itself.
            Ok(error) => error.needed_by(&self.frame),
            Err(source) => ResolveFault::Failed {
                interface,
                verb,
                bootloader,
                source: Arc::from(source),
            }
            .into(),
        }
    }

    fn unwound(
        &self,
        verb: &'static str,
        bootloader: &'static str,
        payload: Box<dyn Any + Send>,
    ) -> ResolveError {
        match payload.downcast::<ResolveError>() {
            Ok(error) => error.needed_by(&self.frame),
            Err(panic) => ResolveFault::Panicked {
                interface: self.frame.interface.clone(),
                verb,
                bootloader,
                message: message(&*panic),
            }
            .into(),
        }
    }

    pub(super) fn info(&self) -> BindingInfo {
        BindingInfo {
            interface: self.frame.interface.clone(),
            implementation: self.frame.implementation.clone(),
            kind: self.kind,
            bootloader: self.frame.bootloader,
            decorators: self.decorators.iter().map(|one| one.bootloader).collect(),
            listed: matches!(self.target, Target::Member(..)),
        }
    }
}

/// What a panic said. `panic!` makes a text of whatever it is given; only `panic_any` does not.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref().map(String::as_str));
    text.unwrap_or("with a value that is no text").to_owned()
}

impl<BuildContext> Decorator<BuildContext> {
    pub(super) fn new(
        bootloader: &'static str,
        wrap: impl Fn(Erased, &mut BuildContext) -> Result<Erased, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Decorator {
            bootloader,
            wrap: Box::new(wrap),
        }
    }

    pub(super) fn bootloader(&self) -> &'static str {
        self.bootloader
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kind::Component => "component",
            Kind::Instance => "instance",
            Kind::Factory => "factory",
            Kind::Deferred => "deferred",
        })
    }
}
