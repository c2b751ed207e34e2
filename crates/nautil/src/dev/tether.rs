//! The tie between `dev` and its servers. A server that outlived a killed `dev` would keep its address.

use rustix::process::{Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

use crate::environment::Environment;

/// The variable with the process id of the `dev` that a server belongs to.
pub(super) const PARENT: &str = "NAUTIL_DEV_PARENT";

/// Has this process stopped when its parent ends, if the parent is the `dev` that the variable names.
pub(crate) fn tie_to_parent(environment: &Environment) {
    let Some(parent) = environment
        .get(PARENT)
        .and_then(|id| id.parse::<i32>().ok())
    else {
        return;
    };
    let is_parent = || getppid().is_some_and(|id| id.as_raw_nonzero().get() == parent);
    if !is_parent() {
        return;
    }
    // A system that cannot do it leaves a server behind when `dev` is killed. The next `dev` then finds the address in use, and
    // says so.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    // The parent may have ended before the system was asked, and the signal would never come.
    if !is_parent() {
        let _ = kill_process(getpid(), Signal::TERM);
    }
}
