//! The files of `deployment/`, tried with the tools that they are for. A tool that is not there is named in one line, and its
//! tests are skipped; `.ci/setup/` installs all of them.

mod debugger;
mod docker;
mod ide;
mod kubernetes;
mod nginx;
mod systemd;
#[cfg(feature = "tokio-console")]
mod tokio_console;
