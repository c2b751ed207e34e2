//! From `.proto` files to `generated/`: messages, service interfaces, their clients, bootloader, config and descriptors.
//!
//! [`generate`] reads contracts and returns every file in memory; nothing is written until [`Generated::write`].
//! The path of a contract through this crate, which is also the reading order:
//!
//! 1. `listing`: the entries of the config become a sorted list of files.
//! 2. `project`: a file on disk has one name, its path from the project root.
//! 3. `compile`: the files and their imports become one pool of descriptors; `diagnostic` words what is wrong with them.
//! 4. `rust`: descriptors become Rust modules.
//! 5. [`Generated`]: the result, compared with and written to a directory.
//!
//! The generated code names one crate, that of [`Options::runtime`]: `nautil`, or `nautil-grpc` for a program without a kernel.
//! Neither `prost` nor `tonic` has to be a dependency of what it is generated for.
//!
//! ```
//! # let project = tempfile::tempdir()?;
//! # let root = project.path();
//! # std::fs::create_dir(root.join("proto"))?;
//! # std::fs::write(root.join("proto/ping.proto"), "syntax = 'proto3'; package ping; message Ping {}")?;
//! use nautil_codegen::{Options, Runtime, generate};
//!
//! let generated = generate(&Options {
//!     root: root.to_path_buf(),
//!     services: vec!["proto/*.proto".to_owned()],
//!     imports: Vec::new(),
//!     runtime: Runtime::Nautil,
//! })?;
//! for difference in generated.write(&root.join("generated"))? {
//!     println!("{difference}");
//! }
//! assert!(generated.differences(&root.join("generated"))?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod compile;
mod diagnostic;
mod difference;
mod error;
mod generated;
mod listing;
mod project;
mod replace;
mod runtime;
mod rust;

use std::path::PathBuf;

pub use difference::Difference;
pub use error::Error;
pub use generated::Generated;
pub use runtime::Runtime;

use project::Project;

/// What to generate from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The directory that holds the project: every other path is relative to it.
    pub root: PathBuf,
    /// The contracts: paths of `.proto` files, or globs (`proto/**/*.proto`).
    pub services: Vec<String>,
    /// Further directories where an `import` is looked up, after the directory of the importing file and before the root.
    pub imports: Vec<String>,
    /// The crate that the generated code names.
    pub runtime: Runtime,
}

/// Generates everything, in memory; the same contracts give the same bytes.
///
/// Messages are generated for the listed files and for everything they import; services, only for the listed files.
///
/// # Errors
///
/// Every variant of [`Error`] but [`Error::Foreign`]: the entries of `options` are read first, then the contracts are
/// compiled, then names are given in Rust. The first thing that is wrong ends the run.
pub fn generate(options: &Options) -> Result<Generated, Error> {
    let project = Project::new(options)?;
    let listed = listing::list(&project, &options.services)?;
    let contracts = compile::compile(&project, &listed)?;
    let mut files = rust::files(&contracts, options.runtime)?;
    files.insert(
        PathBuf::from(generated::DESCRIPTOR_SET),
        contracts.pool.encode_to_vec(),
    );
    Ok(Generated::new(files))
}
