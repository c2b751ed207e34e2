//! Addresses that can be had, and those that cannot.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use nautil_grpc::server::Server;

use crate::fixture::{config, start, unary};

fn fault(listen: &str) -> String {
    let mut config = config();
    config.listen = listen.parse().unwrap();
    Server::bind(&config).unwrap_err().to_string()
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    assert_eq!(
        fault(&address.to_string()),
        format!(
            "cannot listen on {address} (`server.listen`): the address is in use; \
             stop the other process"
        )
    );
}

#[test]
fn an_address_that_cannot_be_had_is_named_with_the_way_out() {
    // A documentation address (RFC 5737), and a name that never exists (RFC 6761).
    assert_eq!(
        fault("192.0.2.1:9001"),
        "cannot listen on 192.0.2.1:9001 (`server.listen`): \
         no interface of this machine has this address"
    );
    assert_eq!(
        fault("nobody.invalid:9001"),
        "cannot listen on nobody.invalid:9001 (`server.listen`): the host name does not resolve"
    );
    assert_eq!(
        fault("unix:/nowhere/at/all.sock"),
        "cannot listen on unix:/nowhere/at/all.sock (`server.listen`): \
         the directory does not exist; create it"
    );
}

#[tokio::test]
async fn a_host_name_is_resolved() {
    let mut config = config();
    config.listen = "localhost:0".parse().unwrap();
    let running = start(&config);
    let mut client = running.client().await;
    assert_eq!(unary(&mut client, "hello").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_unix_socket_is_served_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let listen = format!("unix:{}", path.display());
    let mut config = config();
    config.listen = listen.parse().unwrap();

    // What a killed process leaves behind.
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());

    let running = start(&config);
    assert_eq!(running.address, listen);
    assert_eq!(
        fault(&listen),
        format!(
            "cannot listen on {listen} (`server.listen`): the address is in use; \
             stop the other process"
        )
    );
    let mut client = running.client().await;
    assert_eq!(unary(&mut client, "hello").await.unwrap(), "hello");

    assert!(running.stop().await.is_clean());
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_no_socket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "keep").unwrap();
    let listen = format!("unix:{}", path.display());
    assert_eq!(
        fault(&listen),
        format!(
            "cannot listen on {listen} (`server.listen`): a file that is no socket has this name; \
             remove it"
        )
    );
    assert!(path.exists());
}
