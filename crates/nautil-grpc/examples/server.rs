//! A plain tokio program that serves two services on one port. Ctrl-c drains it: calls in flight are finished first.
//!
//! The address is the first argument. Without one, the system picks a free port.
//!
//! ```sh
//! cargo run -p nautil-grpc --example server -- 127.0.0.1:9001
//! ```

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use nautil_grpc::server::{Router, Server, ServerConfig};
use nautil_grpc::{Request, Response, Status, async_trait};
use tokio::signal::unix::{SignalKind, signal};

#[rustfmt::skip]
mod generated;

use generated::greeting::{GreetRequest, GreetResponse, GreetingServiceInterface};
use generated::timer::{TimerServiceInterface, WaitRequest, WaitResponse};

struct Greeting;

#[async_trait]
impl GreetingServiceInterface for Greeting {
    async fn greet(
        &self,
        request: Request<GreetRequest>,
    ) -> Result<Response<GreetResponse>, Status> {
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("`name` is empty"));
        }
        let text = format!("Hello, {name}!");
        Ok(Response::new(GreetResponse { text }))
    }
}

struct Timer;

#[async_trait]
impl TimerServiceInterface for Timer {
    async fn wait(&self, request: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        let time = request.into_inner().time.unwrap_or_default();
        let time =
            Duration::try_from(time).map_err(|_| Status::invalid_argument("`time` is negative"))?;
        say(format_args!("waiting for {time:?}"))?;
        tokio::time::sleep(time).await;
        Ok(Response::new(WaitResponse {}))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let config = ServerConfig {
        listen: address.as_deref().unwrap_or("127.0.0.1:0").parse()?,
        ..ServerConfig::default()
    };
    let routes = Router::new(&config)
        .mount::<dyn GreetingServiceInterface>(Arc::new(Greeting))
        .mount::<dyn TimerServiceInterface>(Arc::new(Timer))
        .with_health()
        .with_reflection()
        .build()?;
    let server = Server::bind(&config)?;
    // Ctrl-c is caught before anybody reads the address, so that it always drains and never kills.
    let mut interrupt = signal(SignalKind::interrupt())?;
    say(format_args!("listening on {}", server.address()))?;

    let running = server.start(routes).await?;
    let interrupted = async {
        interrupt.recv().await;
    };
    let drained = running.until(interrupted).await;
    say(drained)?;
    Ok(())
}

fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
