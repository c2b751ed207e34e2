//! Peers that speak something else, too slowly, or not at all; and where connections go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{DATA, Frame, GOAWAY, config, http2, in_time, modes, start, unary};

async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    in_time(socket.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn http1_is_told_what_this_port_speaks() {
    for config in modes() {
        let running = start(&config);
        let mut socket = running.socket().await;
        let request = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
        socket.write_all(request).await.unwrap();
        let reply = read_to_end(&mut socket).await;
        assert!(reply.starts_with("HTTP/1.1 505 "), "{reply}");
        assert!(
            reply.ends_with("\r\n\r\nthis port speaks gRPC over HTTP/2 only\n"),
            "{reply}"
        );

        let mut client = running.client().await;
        assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
    }
}

#[tokio::test]
async fn garbage_closes_its_connection_alone() {
    const PROTOCOL_ERROR: [u8; 4] = [0, 0, 0, 1];
    for config in modes() {
        let running = start(&config);
        let mut socket = running.socket().await;
        let garbage = *b"\x16\x03\x01 this is no HTTP of any kind at all";
        socket.write_all(&garbage).await.unwrap();
        assert_eq!(read_to_end(&mut socket).await, "");

        let mut socket = http2(&running).await;
        let frame = Frame::new(DATA, 0, 0, *b"data belongs to a stream");
        frame.write(&mut socket).await;
        let goaway = Frame::read_kind(&mut socket, GOAWAY).await;
        assert_eq!(goaway.payload[4..8], PROTOCOL_ERROR);

        let mut client = running.client().await;
        assert_eq!(unary(&mut client, "alive").await.unwrap(), "alive");
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let mut config = config();
    config.timeouts.first_byte = Duration::from_millis(50);
    let running = start(&config);
    let start = Instant::now();
    let mut socket = running.socket().await;
    assert_eq!(read_to_end(&mut socket).await, "");
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_connection_that_stops_within_the_preface_is_closed() {
    let mut config = config();
    config.timeouts.handshake = Duration::from_millis(50);
    let running = start(&config);
    let start = Instant::now();
    let mut socket = running.socket().await;
    socket.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    assert_eq!(read_to_end(&mut socket).await, "");
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn connections_are_spread_evenly() {
    let mut config = config();
    config.workers = 3;
    let running = start(&config);
    let mut clients = Vec::new();
    let mut spread = BTreeMap::<_, u32>::new();
    for _ in 0..6 {
        let mut client = running.client().await;
        let thread = unary(&mut client, "thread").await.unwrap();
        *spread.entry(thread).or_default() += 1;
        clients.push(client);
    }
    let expected = ["nautil-worker-1", "nautil-worker-2", "nautil-worker-3"];
    assert!(spread.keys().eq(&expected));
    assert!(spread.values().all(|count| *count == 2), "{spread:?}");
}

#[tokio::test]
async fn one_connection_more_than_allowed_is_closed() {
    for key in ["all", "address"] {
        let mut config = config();
        match key {
            "all" => config.limits.max_connections = 1,
            _ => config.limits.max_connections_per_address = 1,
        }
        let running = start(&config);
        let mut client = running.client().await;
        assert_eq!(unary(&mut client, "first").await.unwrap(), "first");
        assert_eq!(read_to_end(&mut running.socket().await).await, "");
        assert_eq!(unary(&mut client, "still").await.unwrap(), "still");
    }
}
