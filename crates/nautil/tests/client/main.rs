//! The gRPC client, against servers of plain tonic and against what is no server at all.
//!
//! - `config`: hosts and config, read and refused
//! - `calls`: the four kinds of call, deadlines, outgoing streams
//! - `failures`: the one line that a failed call prints
//! - `tls`: https, trusted and not
//! - `server`: the service that the others call

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod calls;
mod config;
mod failures;
mod server;
mod tls;
