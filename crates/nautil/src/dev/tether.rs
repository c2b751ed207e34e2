//! The tie between `dev` and its servers: one that `dev` has left behind would keep the address.

use rustix::process::{Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

use crate::environment::Environment;

/// The variable that names the process with which a server ends.
pub(super) const PARENT: &str = "NAUTIL_DEV_PARENT";

/// Stops this process when its parent is killed, where the parent is a `dev` that asks for it.
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
    // Where the system cannot do it, a killed `dev` leaves a server behind, which `dev` names when it finds the address taken.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    // It may have ended between the two.
    if !is_parent() {
        let _ = kill_process(getpid(), Signal::TERM);
    }
}
