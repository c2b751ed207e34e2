//! The door: hands the kernel to the framework.

use std::process::ExitCode;

fn main() -> ExitCode {
    nautil::run(currency_rate::Kernel)
}
