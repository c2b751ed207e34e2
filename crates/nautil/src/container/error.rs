//! Why something could not be resolved, with the whole way there.

use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

/// One step of a resolution: a binding that was being built.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The name of the interface: `dyn CurrencyRateServiceInterface`.
    pub interface: String,
    /// The name of what implements it: `CurrencyRateService`.
    pub implementation: String,
    /// The bootloader that bound it.
    pub bootloader: &'static str,
}

/// Why something could not be resolved.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ResolveFault {
    /// Nothing is bound to the interface.
    Missing {
        /// What was asked for.
        interface: String,
        /// The bound interface with the most similar name and its bootloader, where one is close.
        nearest: Option<(String, &'static str)>,
    },
    /// A component needs itself, directly or through others.
    Circular {
        /// The implementations along the ring. The first one stands at the end again.
        ring: Vec<String>,
    },
    /// Another thread was building it for longer than [`Bindings::build_timeout`](super::Bindings::build_timeout).
    ///
    /// Most often the other thread waits for this one in a way that the container cannot see, such as
    /// [`JoinHandle::join`](std::thread::JoinHandle::join). If this error comes back to the build that waits there, it becomes
    /// [`Circular`](Self::Circular).
    Unfinished {
        /// What was being built.
        binding: Frame,
        /// How long the thread waited for it.
        timeout: Duration,
    },
    /// Two bootloaders bound the same interface, and neither said `rebind`.
    BoundTwice {
        /// What was bound.
        interface: String,
        /// Implementation and bootloader of each.
        bindings: Vec<(String, &'static str)>,
    },
    /// A bootloader decorates or rebinds an interface to which nothing is bound.
    NothingToReplace {
        /// What was to be changed.
        interface: String,
        /// `decorate` or `rebind`.
        verb: &'static str,
        /// The bootloader that said so.
        bootloader: &'static str,
    },
    /// The value is made in the phase `boot`, and something asked for it before it was made.
    NotMade {
        /// What was asked for.
        interface: String,
        /// The bootloader that makes it.
        bootloader: &'static str,
    },
    /// A factory, or a decorator, returned an error.
    Failed {
        /// What was being made.
        interface: String,
        /// `bound` for a factory, `decorated` for a decorator.
        verb: &'static str,
        /// The bootloader that said so.
        bootloader: &'static str,
        /// The factory's own error.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A component's constructor, a factory, or a decorator panicked.
    Panicked {
        /// What was being made.
        interface: String,
        /// `bound` for a component or a factory, `decorated` for a decorator.
        verb: &'static str,
        /// The bootloader that said so.
        bootloader: &'static str,
        /// What the panic said.
        message: String,
    },
}

/// An interface could not be resolved: why, and what needed it.
#[derive(Debug, Clone)]
pub struct ResolveError {
    /// Why it could not be resolved.
    pub fault: ResolveFault,
    /// The bindings that needed it, innermost first: the first one needs what could not be resolved, the second one needs the
    /// first, and so on.
    pub trace: Vec<Frame>,
}

impl ResolveError {
    /// The error of `binding`, which needs what could not be resolved.
    pub(super) fn needed_by(mut self, binding: &Frame) -> Self {
        match &self.fault {
            // The ring lists its own members. Only what needs the ring from outside goes into the trace.
            ResolveFault::Circular { ring }
                if self.trace.is_empty() && ring.contains(&binding.implementation) =>
            {
                self
            }
            // The build of `binding` has come to the error of a thread that waited for this very build.
            ResolveFault::Unfinished { binding: open, .. } if open == binding => {
                self.trace.push(binding.clone());
                let members = self.trace.iter().rev().chain([binding]);
                let ring = members.map(|member| member.implementation.clone());
                ResolveFault::Circular {
                    ring: ring.collect(),
                }
                .into()
            }
            _ => {
                self.trace.push(binding.clone());
                self
            }
        }
    }

    /// Leaves the code of a component, which has no other way out: shaku's `build` cannot return an error.
    ///
    /// [`resume_unwind`] runs no panic hook, so nothing is printed. The unwinding ends at the binding that needs what
    /// failed, or at the caller of a method of shaku's traits.
    pub(super) fn unwind<T>(self) -> T {
        resume_unwind(Box::new(self))
    }
}

impl From<ResolveFault> for ResolveError {
    fn from(fault: ResolveFault) -> Self {
        ResolveError {
            fault,
            trace: Vec::new(),
        }
    }
}

impl fmt::Display for ResolveFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResolveFault::Missing { interface, .. } => {
                write!(formatter, "nothing is bound to `{interface}`")
            }
            ResolveFault::Circular { ring } => {
                write!(
                    formatter,
                    "a circular dependency: `{}`",
                    ring.join("` needs `")
                )
            }
            ResolveFault::Unfinished { binding, timeout } => write!(
                formatter,
                "`{}` is being built by another thread, which has not finished within {timeout:?}: \
                 does it wait for this one?",
                binding.interface
            ),
            ResolveFault::BoundTwice {
                interface,
                bindings,
            } => {
                write!(formatter, "`{interface}` is bound twice: ")?;
                for (index, (implementation, bootloader)) in bindings.iter().enumerate() {
                    let and = if index == 0 { "" } else { " and " };
                    write!(
                        formatter,
                        "{and}to `{implementation}` by bootloader `{bootloader}`"
                    )?;
                }
                formatter.write_str("; the one that is meant to win says `rebind`")
            }
            ResolveFault::NothingToReplace {
                interface,
                verb,
                bootloader,
            } => write!(
                formatter,
                "bootloader `{bootloader}` says `{verb}` for `{interface}`, and nothing is bound to it"
            ),
            ResolveFault::NotMade {
                interface,
                bootloader,
            } => write!(
                formatter,
                "`{interface}` is made in boot by bootloader `{bootloader}`, and has not been made yet"
            ),
            ResolveFault::Failed {
                interface,
                verb,
                bootloader,
                ..
            } => write!(
                formatter,
                "`{interface}`, {verb} by bootloader `{bootloader}`, cannot be made"
            ),
            ResolveFault::Panicked {
                interface,
                verb,
                bootloader,
                message,
            } => write!(
                formatter,
                "`{interface}`, {verb} by bootloader `{bootloader}`, panicked while it was made: {message}"
            ),
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.fault)?;
        for frame in &self.trace {
            write!(formatter, "\n  needed by {frame}")?;
        }
        if let ResolveFault::Missing {
            nearest: Some((interface, bootloader)),
            ..
        } = &self.fault
        {
            write!(
                formatter,
                "\n  did you mean `{interface}`, bound by bootloader `{bootloader}`?"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.implementation)?;
        if self.interface != self.implementation {
            write!(formatter, " (as `{}`)", self.interface)?;
        }
        write!(formatter, ", from bootloader `{}`", self.bootloader)
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            ResolveFault::Failed { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
