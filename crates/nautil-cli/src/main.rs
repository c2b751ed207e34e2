//! The command `nautil`: the framework without an application, for one whose code does not compile.
//!
//! Run in a project's root it has the framework's own commands, `grpc:generate` above all.

use std::process::ExitCode;

fn main() -> ExitCode {
    nautil::run(nautil::kernel::Bare)
}
