//! Everything that can go wrong on the way from a contract to `generated/`.

use std::io;
use std::path::PathBuf;

use crate::diagnostic::shown;

/// Why there is nothing generated, or nothing written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An entry of `services` names a file that is not there.
    #[error("no file `{}`: `services` lists `{}`", shown(path.display()), shown(entry))]
    Missing {
        /// The entry, as it was listed.
        entry: String,
        /// Where the file was looked for.
        path: PathBuf,
    },

    /// An entry of `services` names a directory.
    #[error("`{}` in `services` is a directory: list its files, as in `{}/*.proto`", shown(entry), shown(entry.trim_end_matches('/')))]
    Directory {
        /// The entry, as it was listed.
        entry: String,
    },

    /// An entry of `services` is a glob that no `.proto` file matches.
    #[error("`{}` in `services` matches no .proto file", shown(entry))]
    GlobMatchesNothing {
        /// The entry, as it was listed.
        entry: String,
    },

    /// An entry of `services` is not a glob that can be read.
    #[error("`{}` in `services` is not a glob", shown(entry))]
    Glob {
        /// The entry, as it was listed.
        entry: String,
        /// What is wrong with it, and where.
        source: glob::PatternError,
    },

    /// An entry of `imports` names a directory that is not there.
    #[error("no directory `{}`: `imports` lists `{}`", shown(path.display()), shown(entry))]
    MissingImports {
        /// The entry, as it was listed.
        entry: String,
        /// Where the directory was looked for.
        path: PathBuf,
    },

    /// A contract does not compile.
    ///
    /// The text has several lines: what is wrong, `file:line:column`, the line of the file with a caret under the place.
    #[error("{0}")]
    Compile(String),

    /// Two files define one protobuf name.
    #[error(
        "`{symbol}` is defined twice, in `{}` and in `{}`",
        shown(first),
        shown(second)
    )]
    DuplicateSymbol {
        /// The full protobuf name.
        symbol: String,
        /// The file that was read first.
        first: String,
        /// The other file.
        second: String,
    },

    /// A package whose module would be a file that the generator writes for itself.
    #[error(
        "package `{package}`: `{name}.rs` is a file of the generator's own, so name the package otherwise"
    )]
    ReservedPackage {
        /// The package.
        package: String,
        /// The part of its name that is taken.
        name: String,
    },

    /// Two things that are different in protobuf and the same in Rust.
    #[error(
        "{} and {} would both be named `{}`: rename one of them",
        shown(first),
        shown(second),
        shown(name)
    )]
    Collision {
        /// The name in Rust, or in the config.
        name: String,
        /// One of the two.
        first: String,
        /// The other.
        second: String,
    },

    /// Code that is not Rust: a defect of the generator.
    #[error("the code for `{module}` is not valid Rust")]
    Syntax {
        /// The Rust module, or the service.
        module: String,
        /// What the parser says.
        source: syn::Error,
    },

    /// A directory that holds files which this generator did not write, and no `generated/mod.rs` of ours.
    #[error("`{}` holds files that were not generated, such as `{}`: they would be lost", shown(directory.display()), shown(file.display()))]
    Foreign {
        /// The directory that was to be replaced.
        directory: PathBuf,
        /// One of the files in the way.
        file: PathBuf,
    },

    /// The file system refused.
    #[error("cannot {action} `{}`", shown(path.display()))]
    Io {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },

    /// Neither the new directory nor the old one could be put in place.
    #[error("cannot put `{}` in place; what was there is kept in `{}`", shown(directory.display()), shown(kept.display()))]
    Stranded {
        /// The directory that was to be replaced.
        directory: PathBuf,
        /// Where its former content is.
        kept: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: the file system's refusal of `action` on `path`.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
