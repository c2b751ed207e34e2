//! What interceptors see of calls, what they can do with them, and which they are for.

mod chain;
mod changes;
mod ends;
mod faults;
mod fixture;
mod messages;
