//! Many servers behind one name, and those that come and go.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use nautil_grpc::async_trait;
use nautil_grpc::client::{ClientConfig, Failure, FailureKind, Resolve, describe};
use nautil_grpc::{BoxStream, Channel, Request, Status};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::replica::{HANG, Replica, WHO, WHO_EACH};
use crate::server::{self, TARGET, Text, config, in_time, text};

/// A name whose addresses are what a test says.
#[derive(Debug, Default)]
pub(crate) struct Names {
    addresses: Mutex<Vec<SocketAddr>>,
    lookups: AtomicUsize,
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        assert_eq!((name, port), ("replicas", 9001));
        self.lookups.fetch_add(1, Ordering::SeqCst);
        // An answer takes its time.
        tokio::task::yield_now().await;
        Ok(self.addresses.lock().unwrap().clone())
    }
}

impl Names {
    pub(crate) fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Arc<Self> {
        let names = Self::default();
        names.become_those(addresses);
        Arc::new(names)
    }

    fn become_those(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.addresses.lock().unwrap() = addresses.into_iter().collect();
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

pub(crate) fn channel(names: &Arc<Names>) -> Channel {
    channel_with(names, &config("replicas:9001"))
}

fn channel_with(names: &Arc<Names>, config: &ClientConfig) -> Channel {
    Channel::connect_by(TARGET, config, Arc::<Names>::clone(names)).unwrap()
}

async fn three() -> [Replica; 3] {
    [
        Replica::start("127.0.0.1").await,
        Replica::start("127.0.0.2").await,
        Replica::start("127.0.0.3").await,
    ]
}

pub(crate) async fn who(channel: &Channel) -> Result<String, Status> {
    ask(channel, "").await
}

async fn ask(channel: &Channel, question: &str) -> Result<String, Status> {
    let answer: Text = in_time(channel.unary(WHO, Request::new(text(question))))
        .await?
        .into_inner();
    Ok(answer.text)
}

/// Calls until `is_it` is said of the answers so far, by who answered.
async fn until(channel: &Channel, is_it: impl Fn(&BTreeMap<String, usize>) -> bool) {
    let mut answers = BTreeMap::new();
    in_time(async {
        while !is_it(&answers) {
            *answers.entry(who(channel).await.unwrap()).or_insert(0) += 1;
        }
    })
    .await;
}

#[tokio::test]
async fn calls_are_spread_evenly_over_all_addresses() {
    let replicas = three().await;
    let names = Names::of(replicas.iter().map(|replica| replica.address));
    let channel = channel(&names);
    // Every address is connected to when its turn comes.
    until(&channel, |answers| answers.len() == 3).await;
    let before: Vec<usize> = replicas
        .iter()
        .map(|replica| replica.seen.calls())
        .collect();
    for _ in 0..300 {
        who(&channel).await.unwrap();
    }
    for (replica, before) in replicas.iter().zip(before) {
        assert_eq!(replica.seen.calls() - before, 100);
        assert_eq!(replica.seen.connections(), 1);
    }
    assert_eq!(names.lookups(), 1);
}

#[tokio::test]
async fn channels_with_one_call_each_are_spread_too() {
    let replicas = three().await;
    let names = Names::of(replicas.iter().map(|replica| replica.address));
    for _ in 0..100 {
        who(&channel(&names)).await.unwrap();
    }
    let calls = replicas.each_ref().map(|replica| replica.seen.calls());
    // One server is left out by chance in one of 10^17 runs.
    assert!(calls.iter().all(|calls| *calls > 0), "{calls:?}");
    let connections = replicas.iter().map(|replica| replica.seen.connections());
    assert_eq!(
        connections.sum::<usize>(),
        100,
        "one call opens one connection"
    );
}

#[tokio::test]
async fn a_stream_stays_on_its_server_and_in_order() {
    let replicas = three().await;
    let names = Names::of(replicas.iter().map(|replica| replica.address));
    let channel = channel(&names);
    until(&channel, |answers| answers.len() == 3).await;
    let streams = (0..6).map(|number| {
        let channel = channel.clone();
        async move {
            // More than a window of flow control.
            let message = "x".repeat(1 << 10);
            let sent = (0..200).map(move |at| Ok(text(&format!("{number} {at} {message}"))));
            let sent: BoxStream<Text> = Box::pin(stream::iter(sent));
            let answers = channel.streaming(WHO_EACH, Request::new(sent)).await;
            let answers: BoxStream<Text> = answers.unwrap().into_inner();
            let answers: Vec<_> = answers.map(|answer| answer.unwrap().text).collect().await;
            assert_eq!(answers.len(), 200);
            let (server, _) = answers[0].split_once(' ').unwrap();
            for (at, answer) in answers.iter().enumerate() {
                let start = format!("{server} {number} {at} x");
                assert!(answer.starts_with(&start), "{}", &answer[..40]);
            }
            server.to_owned()
        }
    });
    let mut servers = in_time(futures_util::future::join_all(streams)).await;
    servers.sort_unstable();
    assert_eq!(
        servers,
        [
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.2",
            "127.0.0.2",
            "127.0.0.3",
            "127.0.0.3"
        ]
    );
}

#[tokio::test]
async fn a_server_that_is_killed_loses_what_it_had_and_nothing_else() {
    let [one, two, three] = three().await;
    let names = Names::of([one.address, two.address, three.address]);
    let channel = channel(&names);
    until(&channel, |answers| answers.len() == 3).await;
    // One call hangs at each of them.
    let hanging: Vec<_> = (0..3)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move { ask(&channel, HANG).await })
        })
        .collect();
    let calls = two.seen.calls();
    until(&channel, |answers| answers.values().sum::<usize>() >= 9).await;
    assert_eq!(two.seen.calls(), calls + 4);
    let address = two.address.to_string();
    two.kill().await;

    let (lost, _, rest) = in_time(futures_util::future::select_all(hanging)).await;
    let kind = Failure::of(&lost.unwrap().unwrap_err()).unwrap().kind();
    assert_eq!(kind, FailureKind::Interrupted);
    assert!(rest.iter().all(|call| !call.is_finished()));
    // That was heard, so from here on no call goes there.
    for _ in 0..100 {
        assert_ne!(who(&channel).await.unwrap(), "127.0.0.2");
    }

    // Who comes back is called again.
    let again = Replica::start_at(&address, "again").await;
    until(&channel, |answers| answers.contains_key("again")).await;
    assert_eq!(again.seen.connections(), 1);
    assert!(rest.iter().all(|call| !call.is_finished()));
    rest.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_address_that_refuses_fails_no_call() {
    let replica = Replica::start("127.0.0.1").await;
    let closed = TcpListener::bind("[::1]:0").await;
    // Where there is no IPv6, its addresses cannot be reached either.
    let closed = closed.map_or("[::1]:9".parse().unwrap(), |listener| {
        listener.local_addr().unwrap()
    });
    let names = Names::of([closed, replica.address]);
    for _ in 0..20 {
        let channel = channel(&names);
        for _ in 0..5 {
            assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_silent_delays_the_first_call_at_most() {
    let replica = Replica::start("127.0.0.1").await;
    // The kernel takes connections, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let names = Names::of([silent.local_addr().unwrap(), replica.address]);
    for _ in 0..4 {
        let config = ClientConfig {
            connect_timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(5).into(),
            ..config("replicas:9001")
        };
        let channel = channel_with(&names, &config);
        assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
        // Another wait, be it the head start of a quarter of a second, would be over this.
        let rest = async {
            for _ in 0..100 {
                assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
            }
        };
        tokio::time::timeout(Duration::from_secs(5), rest)
            .await
            .expect("calls wait for an address while another is ready");
    }
}

#[tokio::test]
async fn where_no_address_can_be_reached_the_call_says_why() {
    let closed = async |ip: &str| {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let names = Names::of([closed("127.0.0.1").await, closed("127.0.0.2").await]);
    let channel = channel(&names);
    // Again and again: a pause is no reason to say less.
    for _ in 0..5 {
        assert_eq!(
            describe(&who(&channel).await.unwrap_err()),
            "test.Rates at replicas:9001 (RATES_HOST) cannot be reached: UNAVAILABLE: connection refused; is the server running?"
        );
    }
    names.become_those([]);
    assert_eq!(
        describe(&who(&self::channel(&names)).await.unwrap_err()),
        "test.Rates at replicas:9001 (RATES_HOST) cannot be reached: UNAVAILABLE: the name `replicas` does not resolve: it has no address"
    );
}

#[tokio::test]
async fn a_name_that_moved_is_followed_when_its_server_is_gone() {
    let [one, two, _three] = three().await;
    let names = Names::of([one.address]);
    let channel = channel(&names);
    assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
    names.become_those([two.address]);
    one.drain().await;
    assert_eq!(who(&channel).await.unwrap(), "127.0.0.2");
}

/// A clock that is ahead by more than what a lookup holds.
async fn half_a_minute_later() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn addresses_that_are_new_get_calls_and_those_that_are_gone_finish_theirs() {
    let [one, two, three] = three().await;
    let names = Names::of([one.address]);
    let channel = channel(&names);
    assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
    let (more, messages) = mpsc::unbounded_channel();
    let messages: BoxStream<Text> = Box::pin(stream::unfold(messages, async |mut messages| {
        let message: Text = messages.recv().await?;
        Some((Ok(message), messages))
    }));
    let answers = channel.streaming(WHO_EACH, Request::new(messages)).await;
    let mut answers: BoxStream<Text> = answers.unwrap().into_inner();

    names.become_those([two.address, three.address]);
    for _ in 0..10 {
        assert_eq!(who(&channel).await.unwrap(), "127.0.0.1", "too early");
    }
    assert_eq!(names.lookups(), 1);
    half_a_minute_later().await;
    until(&channel, |answers| {
        answers.contains_key("127.0.0.2") && answers.contains_key("127.0.0.3")
    })
    .await;
    assert_eq!(names.lookups(), 2);
    for _ in 0..20 {
        assert_ne!(who(&channel).await.unwrap(), "127.0.0.1");
    }

    // The stream that was open when its address went.
    more.send(text("still here")).unwrap();
    let answer = in_time(answers.next()).await.unwrap().unwrap();
    assert_eq!(answer.text, "127.0.0.1 still here");
    drop(more);
    assert!(in_time(answers.next()).await.is_none());
    // It was the last on its connection, which is closed with it.
    one.drain().await;
}

#[tokio::test]
async fn a_name_that_moved_from_an_address_that_is_silent_is_followed() {
    let replica = Replica::start("127.0.0.1").await;
    // The kernel takes connections, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let names = Names::of([silent.local_addr().unwrap()]);
    let channel = channel(&names);
    // A clock that stands still goes on where all that is left is to wait for it.
    tokio::time::pause();
    let status = who(&channel).await.unwrap_err();
    tokio::time::resume();
    let kind = Failure::of(&status).unwrap().kind();
    assert_eq!(kind, FailureKind::Unreachable);

    names.become_those([replica.address]);
    half_a_minute_later().await;
    assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
    assert_eq!(names.lookups(), 2);
}

#[tokio::test]
async fn a_name_that_resolves_no_more_keeps_the_addresses_that_it_had() {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let one = Replica::on(Arc::clone(&listener), "one");
    let names = Names::of([one.address]);
    let channel = channel(&names);
    assert_eq!(who(&channel).await.unwrap(), "one");

    let _two = Replica::on(listener, "two");
    one.drain().await;
    names.become_those([]);
    half_a_minute_later().await;
    assert_eq!(who(&channel).await.unwrap(), "two");
    assert_eq!(names.lookups(), 2);
}

#[tokio::test]
async fn the_system_knows_the_name_of_this_machine() {
    let replica = Replica::start("127.0.0.1").await;
    let host = format!("localhost:{}", replica.address.port());
    let channel = server::channel(host);
    assert_eq!(who(&channel).await.unwrap(), "127.0.0.1");
}

#[test]
fn a_channel_shows_whom_it_calls_and_for_how_long_it_tries() {
    let shown = format!("{:?}", channel(&Names::of([])));
    let pool = "Pool { dialer: Dialer { tls: false, connect_timeout: 5s, .. }, \
                name: Some(Name { name: \"replicas\", port: 9001, ";
    assert!(shown.contains(pool), "{shown}");
}

#[tokio::test]
async fn calls_without_a_connection_share_one_lookup_and_one_dialling() {
    let replica = Replica::start("127.0.0.1").await;
    let names = Names::of([replica.address]);
    let channel = channel(&names);
    let calls = (0..50).map(|_| who(&channel));
    let answers = in_time(futures_util::future::join_all(calls)).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == "127.0.0.1")
    );
    assert_eq!((names.lookups(), replica.seen.connections()), (1, 1));
}

#[test]
fn a_channel_outlives_the_runtime_of_its_first_call() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let servers = tokio::runtime::Runtime::new().unwrap();
    let replica = servers.block_on(Replica::start("127.0.0.1"));
    let names = Names::of([replica.address]);
    let channel = channel(&names);
    for _ in 0..3 {
        assert_eq!(runtime().block_on(who(&channel)).unwrap(), "127.0.0.1");
    }
    assert_eq!(replica.seen.connections(), 3);
}
