//! The application through the boundaries that its users have: clients, console, built binary, kernel.
//!
//! The rooms, in reading order:
//! - `journey`: what does a developer see who does everything right?
//! - `from_nothing`: does the application come back without `generated/`, or without code that compiles?
//! - `clients`: does the port answer everybody, and each in their own terms?
//! - `health`: does a probe learn whether the server serves, and if not, why?
//! - `in_process`: the kernel without a port, with another source of rates.
//! - `console_errors`: does a failed command say what to do next?
//! - `bad_config`, `bad_protos`: does the author of a file learn what is wrong with it?
//! - `tls`: is the server as safe to reach as its files say, and are they easy to get right?
//! - `signals`: how does the server stop?
//! - `dev`: does a saved file become a new server, with nobody refused?
//! - `logs`: what does the server say about a call?
//! - `service_manager`: does the server take its sockets from systemd, and say how it is?
//! - `deployment`: do images, manifests and proxies do what they say, with the real tools?
//! - `invariants`, `rooms`: do the rooms of the source know only whom they may know?
//! - `committed`: do `generated/` and `config/` say what the code says, and do the manifests say what is packed?
//! - `foreign`: can somebody else publish a feature, with what `nautil` lets everybody use?
//! - `adding_a_bootloader`, `readme`: do the README and the pages in `docs/` show what is so?
//! - `links`: do they lead where they say?
//!
//! The furniture: `support` (a project in a temporary directory, a process that cannot hang), `wire` (a call by hand),
//! `disk` (files and directories), `workspace` (a copy that cargo builds), `source` (the files of this repository, read as text).
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[allow(unreachable_pub, reason = "the code is as it stands in an application")]
mod adding_a_bootloader;
mod bad_config;
mod bad_protos;
mod clients;
mod committed;
mod console_errors;
mod deployment;
mod dev;
mod disk;
mod foreign;
mod from_nothing;
mod health;
mod in_process;
mod invariants;
mod journey;
mod links;
mod logs;
mod readme;
mod rooms;
mod service_manager;
mod signals;
mod source;
mod support;
mod tls;
mod wire;
mod workspace;
