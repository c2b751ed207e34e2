//! `currency-rate`: what a currency pair trades at, over gRPC.
//!
//! The tour, in reading order: the kernel lists what the application consists of ([`application`]); the domain knows
//! tickers and rates and nothing else ([`domain`]); its port to the outside is made real in [`infrastructure`]; the ways in
//! are [`endpoint`]s, one for gRPC and one for the console. The contracts' code is in [`generated`].
//!
//! Without `generated/` this is the framework alone: enough to run `grpc:generate`.

#[cfg(generated)]
pub mod application;
#[cfg(generated)]
pub mod domain;
#[cfg(generated)]
pub mod endpoint;
#[cfg(generated)]
pub mod infrastructure;

#[cfg(generated)]
#[path = "../../generated/mod.rs"]
#[rustfmt::skip]
pub mod generated;

#[cfg(generated)]
pub use application::Kernel;
#[cfg(not(generated))]
pub use nautil::kernel::Bare as Kernel;
