//! Why something could not be resolved, with the whole way there.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// One step of a resolution: a binding that was being built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `dyn CurrencyRateServiceInterface`.
    pub interface: String,
    /// `CurrencyRateService`.
    pub implementation: String,
    /// The bootloader that bound it.
    pub bootloader: &'static str,
}

/// What went wrong.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is bound to the interface.
    Missing {
        /// What was asked for.
        interface: String,
        /// The bound interface with the most similar name and its bootloader, where one is close.
        nearest: Option<(String, &'static str)>,
    },
    /// A component needs itself, directly or through others.
    Circular {
        /// The implementations, from the first back to the first.
        ring: Vec<String>,
    },
    /// Two bootloaders bound one interface, and the second did not say `rebind`.
    BoundTwice {
        /// What was bound.
        interface: String,
        /// Implementation and bootloader of each.
        bindings: Vec<(String, &'static str)>,
    },
    /// A bootloader decorates or rebinds what nobody bound.
    NothingToReplace {
        /// What was to be changed.
        interface: String,
        /// `decorate` or `rebind`.
        verb: &'static str,
        /// The bootloader that said so.
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
}

/// A failed resolution: the reason, and who asked, innermost first.
#[derive(Debug, Clone)]
pub struct ResolveError {
    /// What went wrong.
    pub reason: Reason,
    /// Who asked for it, innermost first.
    pub trace: Vec<Frame>,
}

/// Drops the errors that have the same cause as an earlier one.
pub(crate) fn distinct(errors: impl IntoIterator<Item = ResolveError>) -> Vec<ResolveError> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for error in errors {
        let (reason, frame) = error.cause();
        let frame = frame.map(|frame| (frame.interface, frame.implementation));
        if seen.insert((reason, frame)) {
            kept.push(error);
        }
    }
    kept
}

impl ResolveError {
    /// What two errors with one cause have in common: the reason, and for what is missing who needs it.
    fn cause(&self) -> (String, Option<Frame>) {
        match &self.reason {
            Reason::Missing { .. } => (self.reason.to_string(), self.trace.first().cloned()),
            // A ring is the same ring wherever one enters it.
            Reason::Circular { ring } => {
                let mut members = ring.clone();
                members.sort();
                members.dedup();
                (members.join(" "), None)
            }
            reason => (reason.to_string(), None),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Missing { interface, .. } => {
                write!(formatter, "nothing is bound to `{interface}`")
            }
            Reason::Circular { ring } => {
                write!(
                    formatter,
                    "a circular dependency: `{}`",
                    ring.join("` needs `")
                )
            }
            Reason::BoundTwice {
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
            Reason::NothingToReplace {
                interface,
                verb,
                bootloader,
            } => write!(
                formatter,
                "bootloader `{bootloader}` says `{verb}` for `{interface}`, and nothing is bound to it"
            ),
            Reason::Failed {
                interface,
                verb,
                bootloader,
                ..
            } => write!(
                formatter,
                "`{interface}`, {verb} by bootloader `{bootloader}`, cannot be made"
            ),
        }
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.reason)?;
        for frame in &self.trace {
            write!(formatter, "\n  needed by {frame}")?;
        }
        if let Reason::Missing {
            nearest: Some((interface, bootloader)),
            ..
        } = &self.reason
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
        match &self.reason {
            Reason::Failed { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
