//! What `tokio-console` sees of this process: the tasks of every runtime, those of the workers too.
//!
//! It is for development: each poll of each task is recorded, and whoever reaches the address sees all of them.

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::console::Output;
use crate::container::Container;

/// Records for `tokio-console`, where it can; says what is missing where it cannot.
#[cfg(tokio_unstable)]
pub(super) fn layer<S>(container: &Container, output: &Output) -> Option<impl Layer<S> + use<S>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    use std::net::{SocketAddr, TcpListener};

    use crate::environment::Environment;

    /// The variable that tokio-console's own documentation knows, and what holds without it.
    const VARIABLE: &str = "TOKIO_CONSOLE_BIND";
    const ADDRESS: &str = "127.0.0.1:6669";

    let environment = container.get::<Environment>().unwrap_or_default();
    let address = environment.get(VARIABLE).unwrap_or(ADDRESS);
    let Ok(socket) = address.parse::<SocketAddr>() else {
        output.note(format_args!(
            "no tokio-console: {VARIABLE} is {address:?}; expected an IP address and a port, such as {ADDRESS}"
        ));
        return None;
    };
    // Asked before, because the recorder's own thread would panic.
    if let Err(error) = TcpListener::bind(socket) {
        output.note(format_args!(
            "no tokio-console: cannot listen on {socket} ({error}); set {VARIABLE} to another address"
        ));
        return None;
    }
    let recorder = console_subscriber::ConsoleLayer::builder().server_addr(socket);
    Some(recorder.spawn())
}

/// Says that this build has nothing to show.
#[cfg(not(tokio_unstable))]
pub(super) fn layer<S>(_: &Container, output: &Output) -> Option<impl Layer<S> + use<S>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // tokio tells of its tasks only if it is compiled with the flag.
    output.note(
        "no tokio-console: the feature `tokio-console` needs RUSTFLAGS=\"--cfg tokio_unstable\" when the application is built",
    );
    None::<tracing_subscriber::layer::Identity>
}
