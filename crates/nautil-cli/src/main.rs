//! The command `nautil`: the framework without an application.
//!
//! `nautil new` starts a project. In the root of one whose code does not compile, `nautil grpc:generate` still works.

mod new;
mod skeleton;

use std::process::ExitCode;

use nautil::{Bootloader, Bootloaders, Init, Kernel};

fn main() -> ExitCode {
    nautil::run(Nautil)
}

struct Nautil;

impl Kernel for Nautil {
    const NAME: &'static str = "nautil";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn bootloaders(&self) -> Bootloaders {
        Bootloaders::new().with(NewBootloader)
    }
}

#[derive(PartialEq)]
struct NewBootloader;

impl Bootloader for NewBootloader {
    fn init(&self, init: &mut Init<'_>) {
        init.command::<new::New>();
    }
}
