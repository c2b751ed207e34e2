//! The steps of one resolution: the chain of what is being built, and how a failed one leaves.

use std::cell::RefCell;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use super::binding::BuildContext;
use super::bindings::Registry;
use super::error::{Frame, Reason, ResolveError};

/// One resolution. shaku hands out a build context only inside `Module::build`, so the job travels into it as the
/// module's `Submodules`.
pub struct Resolution {
    pub(super) registry: Arc<Registry>,
    chain: RefCell<Vec<Frame>>,
    job: RefCell<Option<Job>>,
}

pub(super) type Job = Box<dyn FnOnce(&mut BuildContext)>;

impl Resolution {
    pub(super) fn new(registry: Arc<Registry>, job: Job) -> Self {
        Resolution {
            registry,
            chain: RefCell::default(),
            job: RefCell::new(Some(job)),
        }
    }

    pub(super) fn job(&self) -> Option<Job> {
        self.job.take()
    }
}

impl fmt::Debug for Resolution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Resolution")
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

/// Begins to build what `frame` says; a frame that is being built already closes a ring.
pub(super) fn enter(context: &BuildContext, frame: Frame) {
    let mut chain = context.submodules().chain.borrow_mut();
    if let Some(start) = chain.iter().position(|open| *open == frame) {
        let ring = chain[start..]
            .iter()
            .chain([&frame])
            .map(|frame| frame.implementation.clone())
            .collect();
        let outside = chain[..start].iter().rev().cloned().collect();
        drop(chain);
        unwind(ResolveError {
            reason: Reason::Circular { ring },
            trace: outside,
        });
    }
    chain.push(frame);
}

/// Ends what [`enter`] began.
pub(super) fn leave(context: &BuildContext) {
    context.submodules().chain.borrow_mut().pop();
}

/// Gives up, with everything that is being built as the trace.
pub(super) fn fail(context: &BuildContext, reason: Reason) -> ! {
    let chain = context.submodules().chain.borrow();
    let trace = chain.iter().rev().cloned().collect();
    drop(chain);
    unwind(ResolveError { reason, trace })
}

fn unwind(error: ResolveError) -> ! {
    resume_unwind(Box::new(error))
}
