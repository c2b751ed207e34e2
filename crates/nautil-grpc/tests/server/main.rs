//! The server as its peers see it: over real sockets, on any free port.
//!
//! | room | what is tried there |
//! |---|---|
//! | `calls` | the four kinds, what is not there, what is malformed or too large, layers |
//! | `compression` | messages that are compressed on their way |
//! | `context` | what a handler knows of its call, and what it hands on to calls of its own |
//! | `deadlines` | how long a call may take |
//! | `connections` | peers that speak something else, or nothing; the spread over workers |
//! | `peers` | who calls, through proxies and without; metadata that is handed on |
//! | `stop` | the drain, and what is cut |
//! | `interceptors` | what calls pass through on their way to a handler |
//! | `listen` | addresses that can be had, and those that cannot |
//! | `standard` | health and reflection |
//! | `management` | the second port: health, metrics and pages |
//! | `health` | health checks, and who hears of them |
//! | `metrics` | metrics of an application's own |
//! | `tls` | handshakes, and the files behind them |
//! | `configuration` | the section as text |

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod calls;
mod compression;
mod configuration;
mod connections;
mod context;
mod deadlines;
mod echo;
mod fixture;
mod health;
mod interceptors;
mod listen;
mod management;
mod metrics;
mod peers;
mod pulse;
mod standard;
mod stop;
mod tls;
