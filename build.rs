//! Is there a `generated/`? Then `cfg(generated)` is set, and the app is more than `grpc:generate`.

#![allow(
    clippy::disallowed_macros,
    reason = "a build script speaks to cargo on standard output"
)]

fn main() {
    println!("cargo::rustc-check-cfg=cfg(generated)");
    println!("cargo::rerun-if-changed=generated/mod.rs");
    if std::path::Path::new("generated/mod.rs").exists() {
        println!("cargo::rustc-cfg=generated");
    }
}
