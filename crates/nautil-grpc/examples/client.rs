//! A client with a deadline. It calls both services of the example `server`, and one of them for too long.
//!
//! The address of the server is the first argument.
//!
//! ```sh
//! cargo run -p nautil-grpc --example client -- 127.0.0.1:9001
//! ```

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use nautil_grpc::client::{ConnectError, Target, describe};
use nautil_grpc::{Channel, ClientConfig, Request, Service};

#[rustfmt::skip]
mod generated;

use generated::greeting::{GreetRequest, GreetingServiceInterface};
use generated::timer::{TimerServiceInterface, WaitRequest};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("where is the server?")?;
    let config = ClientConfig {
        host: Some(address.parse()?),
        deadline: Duration::from_secs(5).into(),
        ..ClientConfig::default()
    };
    let greeting = client::<dyn GreetingServiceInterface>(&config)?;
    let timer = client::<dyn TimerServiceInterface>(&config)?;

    let name = "Ada".to_owned();
    let greeted = greeting.greet(Request::new(GreetRequest { name })).await?;
    say(greeted.into_inner().text)?;

    timer.wait(wait(Duration::from_millis(10))?).await?;
    say("waited for 10ms")?;

    // A deadline of the call's own counts instead of the client's. The server is told of it too.
    let mut too_long = wait(Duration::from_secs(60))?;
    too_long.set_timeout(Duration::from_millis(100));
    match timer.wait(too_long).await {
        Ok(_) => say("waited for a minute")?,
        Err(status) => say(describe(&status))?,
    }
    Ok(())
}

/// The client of a service. Its channel connects when the first call is made.
fn client<S: Service + ?Sized>(config: &ClientConfig) -> Result<Arc<S>, ConnectError> {
    let target = Target {
        service: S::NAME,
        // Where the host comes from: a call that fails says so.
        variable: "the first argument",
    };
    Ok(S::client(Channel::connect(target, config)?))
}

fn wait(time: Duration) -> Result<Request<WaitRequest>, Box<dyn Error>> {
    let time = Some(time.try_into()?);
    Ok(Request::new(WaitRequest { time }))
}

fn say(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
