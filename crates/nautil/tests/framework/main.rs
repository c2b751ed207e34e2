//! The framework as its users meet it: the container, and the real kernel in-process, through its console.
//!
//! `container`, `bindings` and `order` take a part by its public types; the other rooms start a kernel on a directory of
//! their own (`project`) and read what it says. The gRPC server and the generator have tests of their own.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod async_factories;
mod bindings;
mod commands;
mod completion;
mod config_errors;
mod config_layers;
mod config_show;
mod config_values;
mod console;
mod container;
mod deferred;
mod environment;
mod faults;
mod kernel;
mod order;
mod project;
mod sections;
mod threads;
mod usage;
mod workers;
