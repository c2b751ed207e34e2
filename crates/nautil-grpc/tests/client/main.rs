//! The gRPC client, against servers of plain tonic and against what is no server at all.
//!
//! - `config`: hosts and config, read and refused
//! - `calls`: the four kinds of call, deadlines, outgoing streams
//! - `failures`: the one line that a failed call prints
//! - `responses`: what is made of responses that are not as they should be
//! - `interceptors`: what calls pass through before they leave, and trailers
//! - `tls`: https, trusted and not
//! - `retries`: what is sent again, and what never is
//! - `addresses`: many servers behind one name, and those that come and go
//! - `handover`: servers that take each other's place under load, and no call is lost
//! - `server`, `replica`, `raw`: who is called: a service of plain tonic, one of many servers of nautil, and frames

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod addresses;
mod calls;
mod config;
mod failures;
mod handover;
mod interceptors;
mod raw;
mod replica;
mod responses;
mod retries;
mod server;
mod tls;
