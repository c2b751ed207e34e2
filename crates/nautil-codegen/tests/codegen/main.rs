//! Contracts in, files out: each room has its own question.
//!
//! - `listing`: which files are meant?
//! - `imports`: what does an import mean, and what is a file called?
//! - `complaints`: does the developer learn what is wrong with a contract?
//! - `descriptors`: is everything that the contracts say in the descriptor set?
//! - `rust`: is the Rust what the framework expects?
//! - `runtime`: does it name the crate that was asked for, and nothing that this crate has not?
//! - `names`: does everything get a name of its own?
//! - `writing`: does a directory become what was generated, and nothing less?
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod complaints;
mod descriptors;
mod imports;
mod listing;
mod names;
mod project;
mod runtime;
mod rust;
mod writing;
