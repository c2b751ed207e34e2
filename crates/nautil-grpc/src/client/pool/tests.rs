//! What a pool keeps, whom it dials, and when it looks up: with connections in memory, or to this machine.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::super::dial::{DialError, Dialer, Place};
use super::super::resolve::Resolve;
use super::super::slot::{Connection, Link, Slot};
use super::{LOOKUP_INTERVAL, LOOKUP_PAUSE, Name, Pool};

/// A name that is never to be looked up, and how often it was.
#[derive(Debug, Default)]
struct Unasked(AtomicUsize);

#[async_trait]
impl Resolve for Unasked {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A pool of these addresses, that of the first whose turn it is, and what its name is looked up by. What is known
/// holds for an hour.
fn pool(addresses: &[SocketAddr]) -> (Arc<Pool>, Arc<Unasked>) {
    let resolver = Arc::new(Unasked::default());
    let name = Name {
        name: "rates".to_owned(),
        port: 9001,
        resolver: Arc::<Unasked>::clone(&resolver),
    };
    let dialer = Dialer {
        tls: None,
        connect_timeout: Duration::from_secs(60),
        open: None,
    };
    let pool = Pool::of_name(dialer, name);
    {
        let mut state = pool.state.lock();
        let places = addresses.iter().map(|address| Place::Tcp(*address));
        state.slots = places.map(Slot::new).collect();
        state.next = 0;
        state.looked_up = Some(Instant::now() + Duration::from_secs(3600));
    }
    (Arc::new(pool), resolver)
}

/// Addresses that nobody connects to.
fn addresses(count: u8) -> Vec<SocketAddr> {
    (1..=count).map(|at| ([127, 0, 0, at], 9).into()).collect()
}

async fn accept(io: impl AsyncRead + AsyncWrite + Unpin) {
    let mut connection = h2::server::handshake(io).await.unwrap();
    while connection.accept().await.is_some() {}
}

/// The address of a server that takes connections.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            tokio::spawn(accept(io));
        }
    });
    address
}

async fn sender() -> SendRequest<Bytes> {
    let (client, server) = duplex(1 << 10);
    tokio::spawn(accept(server));
    let (sender, connection) = h2::client::handshake(client).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn connection(serial: u64) -> Connection {
    let sender = sender().await;
    Connection { sender, serial }
}

/// A connection whose server is gone.
async fn over(serial: u64) -> Connection {
    let (client, server) = duplex(1 << 10);
    let server = tokio::spawn(accept(server));
    let (sender, driven) = h2::client::handshake(client).await.unwrap();
    server.abort();
    let _ = in_time(driven).await;
    let mut connection = Connection { sender, serial };
    assert!(connection.is_over());
    connection
}

async fn in_time<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(10);
    let ended = tokio::time::timeout(limit, future).await;
    ended.expect("the test hangs")
}

/// The serial of the connection in each slot.
fn serials(pool: &Pool) -> Vec<Option<u64>> {
    let state = pool.state.lock();
    let links = state.slots.iter().map(|slot| &slot.link);
    links
        .map(|link| match link {
            Link::Ready(connection) => Some(connection.serial),
            Link::Idle | Link::Dialing(_) => None,
        })
        .collect()
}

#[tokio::test]
async fn the_next_connection_is_taken_and_the_slots_before_it_are_named() {
    let (pool, _) = pool(&addresses(5));
    let [one, two, four] = [
        connection(1).await,
        connection(2).await,
        connection(4).await,
    ];
    let mut state = pool.state.lock();
    state.slots[1].connected(one);
    state.slots[2].connected(two);
    for (first, serial, passed, next) in [
        (0, 1, vec![0], 2),
        (1, 1, vec![], 2),
        (2, 2, vec![], 3),
        (3, 1, vec![3, 4, 0], 2),
        (4, 1, vec![4, 0], 2),
        // Beyond the number of slots, as a turn may be.
        (8, 1, vec![3, 4, 0], 2),
    ] {
        state.next = first;
        let (connection, before) = state.next_ready().unwrap();
        let before: Vec<usize> = before.collect();
        let found = (connection.serial, before, state.next);
        assert_eq!(found, (serial, passed, next), "from {first}");
    }
    state.slots[4].connected(four);
    state.next = 3;
    assert_eq!(state.next_ready().unwrap().0.serial, 4);
    assert_eq!(state.next, 0);
    assert!(!state.is_stale);
}

#[tokio::test]
async fn a_connection_that_is_over_is_taken_out_and_a_reason_to_look_up() {
    let (pool, _) = pool(&addresses(2));
    let [gone, stays] = [over(1).await, connection(2).await];
    {
        let mut state = pool.state.lock();
        state.slots[0].connected(gone);
        state.slots[1].connected(stays);
        assert_eq!(state.next_ready().unwrap().0.serial, 2);
        assert!(state.is_stale);
        // It is so until the name is looked up.
        assert_eq!(state.next_ready().unwrap().0.serial, 2);
        assert!(state.is_stale);
    }
    assert_eq!(serials(&pool), [None, Some(2)]);
}

#[tokio::test]
async fn the_connection_that_broke_is_taken_out_and_no_other() {
    let (pool, _) = pool(&addresses(2));
    let [one, two, three] = [
        connection(1).await,
        connection(2).await,
        connection(3).await,
    ];
    pool.state.lock().slots[0].connected(one);
    pool.state.lock().slots[1].connected(two.clone());
    pool.broken(&two);
    assert_eq!(serials(&pool), [Some(1), None]);
    assert!(pool.state.lock().is_stale);
    // Others learn of it later, when there is another in its place.
    pool.state.lock().slots[1].connected(three);
    pool.broken(&two);
    assert_eq!(serials(&pool), [Some(1), Some(3)]);
}

#[tokio::test]
async fn the_end_of_a_dialling_goes_into_the_slot_of_its_address() {
    let (pool, _) = pool(&addresses(2));
    let place = |at: usize| pool.state.lock().slots[at].place.clone();
    let one = pool.settle(&place(1), Some(Ok(sender().await)));
    let one = one.unwrap().unwrap().serial;
    assert_eq!(serials(&pool), [None, Some(one)]);
    let two = pool.settle(&place(0), Some(Ok(sender().await)));
    let two = two.unwrap().unwrap().serial;
    assert_eq!(serials(&pool), [Some(two), Some(one)]);
    assert_ne!(one, two);

    // What comes too late takes nothing away.
    let late = pool.settle(&place(1), Some(Ok(sender().await)));
    assert!(late.unwrap().is_ok());
    let late = pool.settle(&place(1), Some(Err(DialError::NotHttp2)));
    assert!(late.unwrap().is_err());
    assert!(pool.settle(&place(1), None).is_none());
    assert_eq!(serials(&pool), [Some(two), Some(one)]);
}

#[test]
fn what_is_known_of_a_name_holds_for_a_while() {
    let (pool, _) = pool(&[]);
    let mut state = pool.state.lock();
    let now = Instant::now();
    state.looked_up = None;
    assert!(pool.is_lookup_due(&state, now));
    state.looked_up = Some(now);
    for (is_stale, holds) in [(false, LOOKUP_INTERVAL), (true, LOOKUP_PAUSE)] {
        state.is_stale = is_stale;
        let shortly_before = now + holds - Duration::from_millis(1);
        assert!(!pool.is_lookup_due(&state, shortly_before));
        assert!(pool.is_lookup_due(&state, now + holds));
    }
}

#[test]
fn places_come_by_their_turn_and_those_in_a_pause_last() {
    let addresses = addresses(4);
    let (pool, _) = pool(&addresses);
    {
        let mut state = pool.state.lock();
        state.slots[2].failed(Instant::now());
        // Beyond the number of slots, as a turn may be.
        state.next = 4 + 1;
    }
    let turns = [1, 3, 0, 2].map(|at| Place::Tcp(addresses[at]));
    assert_eq!(pool.places(), turns);
}

#[tokio::test]
async fn a_call_has_addresses_dialled_that_it_passes_but_none_twice_and_none_in_a_pause() {
    let mut addresses = addresses(3);
    addresses[1] = serve().await;
    let (pool, names) = pool(&addresses);
    let ready = connection(1).await;
    pool.state.lock().slots[0].failed(Instant::now());
    pool.state.lock().slots[2].connected(ready);
    let mut dialled = Vec::new();
    for _ in 0..2 {
        pool.state.lock().next = 0;
        assert_eq!(pool.ready().unwrap().serial, 1);
        let state = pool.state.lock();
        assert!(matches!(state.slots[0].link, Link::Idle));
        let Link::Dialing(dialling) = &state.slots[1].link else {
            panic!("it is not dialled");
        };
        dialled.push(dialling.clone());
    }
    let [first, second] = [dialled.remove(0), dialled.remove(0)];
    assert!(first.ptr_eq(&second));
    assert!(in_time(first).await.unwrap().is_ok());
    assert_eq!(names.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn where_a_known_address_answers_no_name_is_looked_up() {
    let (pool, names) = pool(&[serve().await]);
    assert!(in_time(pool.connection()).await.is_ok());
    assert_eq!(names.0.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_that_says_nothing_has_no_more_than_a_head_start() {
    // The system takes connections, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (pool, _) = pool(&[silent.local_addr().unwrap(), serve().await]);
    let by = Instant::now() + Duration::from_secs(60);
    assert!(in_time(pool.race(by)).await.is_ok());
}

#[tokio::test]
async fn where_every_address_refuses_nothing_is_waited_for() {
    let mut closed = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        closed.push(listener.local_addr().unwrap());
    }
    let (pool, _) = pool(&closed);
    let by = Instant::now() + Duration::from_secs(60);
    assert!(in_time(pool.race(by)).await.is_err());
}

#[test]
fn what_a_runtime_that_is_gone_was_opening_is_opened_by_the_next() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap()
    };
    // The system takes connections, and nobody reads them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (pool, _) = pool(&[silent.local_addr().unwrap()]);
    runtime().block_on(async {
        tokio::select! {
            biased;
            _ = pool.connection() => panic!("it says nothing"),
            () = tokio::task::yield_now() => {}
        }
    });
    assert!(pool.state.lock().opening.is_some());
    runtime().block_on(async {
        pool.state.lock().slots = vec![Slot::new(Place::Tcp(serve().await))];
        assert!(in_time(pool.connection()).await.is_ok());
    });
}
