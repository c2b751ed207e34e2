//! Typed configuration: one section, one struct, one file.
//!
//! A section's values come in layers, the later over the earlier:
//! 1. the struct's `Default`,
//! 2. `config/<section>.toml`,
//! 3. `config/<APP_ENV>/<section>.toml`,
//! 4. the environment: the section's own [`VARIABLES`](Section::VARIABLES), then `APP_<SECTION>__<KEY>`,
//! 5. the command line: `--set <section>.<key>=<value>`.
//!
//! A value in a file may use `${NAME}` and `${NAME:-default}`; `$${` stands for `${`, and every other `$` is itself. In a
//! variable, which may come from `.env`, nothing is replaced. Durations and sizes carry units (see [`duration`] and
//! [`size`]). An unknown key is an error; every error of every section is found in one reading.
//!
//! See [`Section`] for an example.

mod command;
mod error;
mod extract;
mod interpolate;
mod layer;
mod nesting;
mod reader;
mod secret;
mod section;
mod service_link;
mod sources;

pub(crate) use command::ConfigShow;
pub use error::Error;
pub use nautil_grpc::units::{duration, number, size};
pub(crate) use reader::{BrokenSection, Reader, SectionReader};
pub use reader::{Config, Setting};
pub use secret::Secret;
pub use section::{Invalid, Section};
pub(crate) use sources::Sources;
