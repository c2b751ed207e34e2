//! Servers that take each other's place under load, and no call is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use nautil_grpc::client::describe;
use nautil_grpc::server::{Drained, Error, Server, ServerConfig};
use nautil_grpc::{BoxStream, Channel, Request, Status};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::addresses::{self, Names, who};
use crate::replica::{Replica, Seen, WHO_EACH, routes};
use crate::server::{self, Text, in_time, text};

/// How often a server is replaced.
const GENERATIONS: usize = 20;

/// How many calls each generation answers before it is replaced.
const CALLS: usize = 200;

/// Callers that never pause.
struct Load {
    stop: CancellationToken,
    answered: Arc<AtomicUsize>,
    callers: JoinSet<Vec<String>>,
}

impl Load {
    fn new() -> Self {
        Self {
            stop: CancellationToken::new(),
            answered: Arc::default(),
            callers: JoinSet::new(),
        }
    }

    /// One more caller, who makes one call after the other.
    fn of<C, F>(&mut self, mut call: C)
    where
        C: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<(), Status>> + Send,
    {
        let (stop, answered) = (self.stop.clone(), Arc::clone(&self.answered));
        self.callers.spawn(async move {
            let mut failures = Vec::new();
            while !stop.is_cancelled() {
                match in_time(call()).await {
                    Ok(()) => {
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(status) => failures.push(describe(&status)),
                }
            }
            failures
        });
    }

    /// Calls of one message, and of a few.
    fn over(&mut self, channel: &Channel) {
        for _ in 0..16 {
            let channel = channel.clone();
            self.of(move || {
                let channel = channel.clone();
                async move { who(&channel).await.map(drop) }
            });
        }
        for _ in 0..4 {
            let channel = channel.clone();
            self.of(move || {
                let channel = channel.clone();
                async move { who_each(&channel).await }
            });
        }
    }

    /// Ends the load: how many calls were answered, and why others were not.
    async fn end(self) -> (usize, Vec<String>) {
        self.stop.cancel();
        let failures = in_time(self.callers.join_all()).await.concat();
        (self.answered.load(Ordering::SeqCst), failures)
    }
}

async fn who_each(channel: &Channel) -> Result<(), Status> {
    let messages: BoxStream<Text> = Box::pin(stream::iter(["a", "b", "c"].map(|it| Ok(text(it)))));
    let answers = channel.streaming(WHO_EACH, Request::new(messages)).await?;
    let mut answers: BoxStream<Text> = answers.into_inner();
    for expected in ["a", "b", "c"] {
        let answer = answers.next().await.expect("an answer for each")?.text;
        assert!(answer.ends_with(expected), "{answer}");
    }
    assert!(answers.next().await.is_none());
    Ok(())
}

/// Waits until so many calls were answered.
async fn answered(seen: &Seen, calls: usize) {
    in_time(async {
        while seen.calls() < calls {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_replaced_on_its_socket_and_no_call_fails() {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let mut serving = Replica::on(Arc::clone(&listener), "0");

    let mut load = Load::new();
    load.over(&server::channel(address));
    for _ in 0..4 {
        // A channel for each call, as console commands have it.
        load.of(move || async move { who(&server::channel(address)).await.map(drop) });
    }
    for generation in 1..=GENERATIONS {
        answered(&serving.seen, CALLS).await;
        let successor = Replica::on(Arc::clone(&listener), &generation.to_string());
        serving.drain().await;
        serving = successor;
    }
    answered(&serving.seen, CALLS).await;
    let (answered, failures) = load.end().await;
    assert!(answered >= GENERATIONS * CALLS, "{answered}");
    assert_eq!(failures, [""; 0], "of {answered}");
}

struct Running {
    seen: Arc<Seen>,
    address: String,
    stop: CancellationToken,
    task: JoinHandle<Result<Drained, Error>>,
}

fn run(address: &str) -> Running {
    let config = ServerConfig {
        listen: address.parse().unwrap(),
        workers: 1,
        ..ServerConfig::default()
    };
    let seen = Seen::named(address);
    let server = Server::bind(&config).unwrap();
    let address = server.address().to_string();
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let routes = routes(&config, &seen);
    let task = tokio::spawn(async move { Ok(server.start(routes).await?.until(stopped).await) });
    Running {
        seen,
        address,
        stop,
        task,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_restarted_one_by_one_and_no_call_fails() {
    let mut replicas = ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"].map(run);
    let addresses = replicas.iter().map(|it| it.address.parse().unwrap());
    let names = Names::of(addresses);

    let mut load = Load::new();
    load.over(&addresses::channel(&names));
    for _ in 0..4 {
        let names = Arc::clone(&names);
        load.of(move || {
            let channel = addresses::channel(&names);
            async move { who(&channel).await.map(drop) }
        });
    }
    for replica in &mut replicas {
        answered(&replica.seen, CALLS).await;
        replica.stop.cancel();
        let drained = in_time(&mut replica.task).await.unwrap().unwrap();
        assert!(drained.is_clean(), "{drained}");
        *replica = run(&replica.address);
        // It has its share again before the next one goes.
        answered(&replica.seen, CALLS).await;
    }
    let (answered, failures) = load.end().await;
    assert!(answered >= 6 * CALLS, "{answered}");
    assert_eq!(failures, [""; 0], "of {answered}");
}
