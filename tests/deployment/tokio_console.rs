//! The feature `tokio-console`: what tokio-console would see, or why it sees nothing.
//!
//! `RUSTFLAGS="--cfg tokio_unstable" cargo test --features tokio-console --target-dir target/tokio-console tokio_console`

use crate::support::{Project, Server};

/// Serves on two workers, and lets itself be looked at where `address` says.
fn serve(project: &Project, address: &str) -> Server {
    let mut command = project.app(["serve", "--set", "server.workers=2"]);
    command
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("TOKIO_CONSOLE_BIND", address);
    Server::start(&mut command)
}

#[cfg(not(tokio_unstable))]
#[test]
fn a_build_without_the_flag_says_so() {
    let mut server = serve(&Project::new(), "127.0.0.1:0");
    let line = server.process.logs("no tokio-console: ");
    assert!(
        line.contains("RUSTFLAGS=\"--cfg tokio_unstable\""),
        "{line}"
    );
}

#[cfg(tokio_unstable)]
mod recorded {
    use std::net::TcpListener;

    use console_api::instrument::InstrumentRequest;
    use console_api::instrument::instrument_client::InstrumentClient;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;

    use super::serve;
    use crate::support::{Project, in_time};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_tasks_of_every_worker_are_seen() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let server = serve(&Project::new(), &address);

        let connect = InstrumentClient::connect(format!("http://{address}"));
        let mut console = in_time(connect).await.unwrap();
        let updates = in_time(console.watch_updates(InstrumentRequest {})).await;
        let mut updates = updates.unwrap().into_inner();

        // A connection is a task of its worker, and two connections are on two workers.
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut client = HealthClient::new(server.channel().await);
            in_time(client.check(HealthCheckRequest::default()))
                .await
                .unwrap();
            open.push(client);
        }
        let mut places = Vec::new();
        while places.len() < 2 {
            let update = in_time(updates.message()).await.unwrap().unwrap();
            let tasks = update.task_update.unwrap_or_default().new_tasks;
            let files = tasks.into_iter().filter_map(|task| task.location?.file);
            places.extend(files.filter(|file| file.ends_with("nautil-grpc/src/server/worker.rs")));
        }
    }

    #[test]
    fn an_address_that_is_taken_keeps_no_server_from_its_work() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let mut server = serve(&Project::new(), &address);
        let line = server.process.logs("no tokio-console: ");
        assert!(
            line.contains(&format!("cannot listen on {address} (")),
            "{line}"
        );
        assert!(
            line.ends_with("set TOKIO_CONSOLE_BIND to another address"),
            "{line}"
        );
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let mut server = serve(&Project::new(), "everywhere");
        let line = server.process.logs("no tokio-console: ");
        assert!(
            line.contains("TOKIO_CONSOLE_BIND is \"everywhere\""),
            "{line}"
        );
    }
}
