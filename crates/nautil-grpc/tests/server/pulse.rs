//! Whether the workers say that they work, and only then.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nautil_grpc::server::{Mode, Server};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::echo::Echo;
use crate::fixture::{client, config, in_time, routes, unary};

#[tokio::test(flavor = "multi_thread")]
async fn the_pulse_waits_for_a_worker_that_a_handler_blocks() {
    for mode in [Mode::PerCore, Mode::Shared] {
        let mut config = config();
        config.mode = mode;
        config.workers = 1;
        let echo = Arc::new(Echo::default());
        let server = Server::bind(&config).unwrap();
        let address = server.address().to_string();
        let running = server.start(routes(&config, &echo)).await.unwrap();
        let pulse = running.pulse();
        let stop = CancellationToken::new();
        let task = tokio::spawn(running.until(stop.clone().cancelled_owned()));
        in_time(pulse.beat()).await;

        let mut client = client(&address).await;
        let blocked = tokio::spawn(async move { unary(&mut client, "block").await });
        in_time(echo.entered.notified()).await;
        let mut beat = pin!(pulse.beat());
        // A worker that is free answers within a millisecond.
        let early = timeout(Duration::from_millis(200), beat.as_mut()).await;
        assert!(early.is_err(), "{mode}");

        echo.unblock();
        in_time(beat).await;
        assert_eq!(in_time(blocked).await.unwrap().unwrap(), "block");
        stop.cancel();
        assert!(in_time(task).await.unwrap().is_clean());
    }
}
