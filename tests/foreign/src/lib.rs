//! Days that are worth knowing: a feature for any application that is made with `nautil`.
//!
//! An application lists [`AlmanacBootloader`], and its own bootloaders say `init.remember("new year")` with [`AlmanacInit`].

mod almanac;
mod bootloader;
mod check;
mod config;
mod ledger;
mod listener;
mod metrics;
mod page;

pub use almanac::{Almanac, Days};
pub use bootloader::{AlmanacBootloader, AlmanacInit};
pub use config::AlmanacConfig;
pub use ledger::Ledger;
