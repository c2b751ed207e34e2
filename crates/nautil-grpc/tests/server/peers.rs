//! Who calls: through proxies that are believed and through others; and what calls of a handler take over from its call.

use std::io;
use std::sync::Arc;

use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::server::ServerConfig;
use nautil_grpc::{Channel, Code, Request, RequestExt, Response, Status};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::answers::Answers;
use crate::echo::{Text, method};
use crate::fixture::{Running, config, in_time, own_client, serve};

/// Says where the call comes from, and through which proxy.
fn addresses() -> Answers {
    Answers::default().unary(|request: Request<Text>| async move {
        let context = request.context();
        let peer = context.peer();
        let proxy = peer.proxy().map(|proxy| proxy.ip().unwrap().to_string());
        let text = format!("{} {}", peer.address(), proxy.unwrap_or_default());
        Ok(Response::new(Text::new(text)))
    })
}

fn behind(trusted: &[&str], protocol: bool) -> ServerConfig {
    let mut config = config();
    config.proxies.trusted = trusted.iter().map(|one| one.parse().unwrap()).collect();
    config.proxies.protocol = protocol;
    config
}

async fn said(channel: &Channel, metadata: &[(&'static str, &str)]) -> Result<String, Status> {
    let mut request = Request::new(Text::new(""));
    for (name, value) in metadata {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    let response: Response<Text> = in_time(channel.unary(method("Unary"), request)).await?;
    Ok(response.into_inner().text)
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_it_calls_and_no_other_does() {
    let forwarded = [("x-forwarded-for", "198.51.100.7, 192.0.2.1")];
    let running = serve(&behind(&["127.0.0.0/8"], false), addresses());
    let channel = own_client(&running, |_| {});
    assert_eq!(
        said(&channel, &forwarded).await.unwrap(),
        "192.0.2.1 127.0.0.1"
    );
    let own = said(&channel, &[]).await.unwrap();
    assert!(own.starts_with("127.0.0.1:"), "{own}");

    for trusted in [&[][..], &["10.0.0.0/8"]] {
        let running = serve(&behind(trusted, false), addresses());
        let own = said(&own_client(&running, |_| {}), &forwarded)
            .await
            .unwrap();
        assert!(own.starts_with("127.0.0.1:"), "{own}");
    }
}

/// A client whose connections begin with these bytes.
fn client_after(running: &Running, header: &'static [u8]) -> Channel {
    let target = Target {
        service: "echo.Echo",
        variable: "ECHO_HOST",
    };
    let address: Arc<str> = running.address.as_str().into();
    let open = move || {
        let address = Arc::clone(&address);
        async move {
            let mut socket = TcpStream::connect(&*address).await?;
            socket.write_all(header).await?;
            Ok::<_, io::Error>(socket)
        }
    };
    Channel::over(target, &ClientConfig::default(), open)
}

/// A header of the PROXY protocol, version 2: 192.0.2.1:4711 calls 198.51.100.7:443 over TCP.
const PROXY: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x67\x01\xbb";
/// One with which the proxy speaks for itself.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
/// One that announces more than any proxy sends.
const LONG: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff";

#[tokio::test]
async fn a_connection_of_a_trusted_proxy_begins_with_its_header() {
    let running = serve(&behind(&["127.0.0.1"], true), addresses());
    let through = client_after(&running, PROXY);
    assert_eq!(
        said(&through, &[]).await.unwrap(),
        "192.0.2.1:4711 127.0.0.1"
    );
    // Who is named there is no proxy that is believed: what it says of others counts for nothing.
    let spoofed = said(&through, &[("x-forwarded-for", "203.0.113.6")]).await;
    assert_eq!(spoofed.unwrap(), "192.0.2.1:4711 127.0.0.1");
    let itself = said(&client_after(&running, LOCAL), &[]).await.unwrap();
    assert!(itself.starts_with("127.0.0.1:"), "{itself}");
    for header in [
        &b""[..],
        LONG,
        b"PROXY TCP4 192.0.2.1 198.51.100.7 4711 443\r\n",
    ] {
        let status = said(&client_after(&running, header), &[])
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }

    // Others have none, and a header of theirs is no HTTP.
    let running = serve(&behind(&["10.0.0.1"], true), addresses());
    let own = said(&own_client(&running, |_| {}), &[]).await.unwrap();
    assert!(own.starts_with("127.0.0.1:"), "{own}");
    let status = said(&client_after(&running, PROXY), &[]).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn outgoing_calls_take_over_the_metadata_that_the_config_names() {
    let last = Answers::default().unary(|request: Request<Text>| async move {
        let all = ["x-tenant", "x-other"].map(|name| {
            let values = request.metadata().get_all(name).iter();
            let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
            values.join("+")
        });
        Ok(Response::new(Text::new(all.join("/"))))
    });
    let last = serve(&config(), last);
    let next = own_client(&last, |_| {});
    let asking = Answers::default().unary(move |request: Request<Text>| {
        let next = next.clone();
        async move {
            let own: &[_] = match request.metadata().get("say") {
                Some(_) => &[("x-tenant", "mine")],
                None => &[],
            };
            let context = request.context();
            let asked = async move { said(&next, own).await };
            let text = context.spawn(asked).await.unwrap().unwrap()?;
            Ok(Response::new(Text::new(text)))
        }
    });
    let mut config = config();
    config.propagate = vec!["x-tenant".parse().unwrap()];
    let first = serve(&config, asking);
    let channel = own_client(&first, |_| {});
    let sent = [("x-tenant", "a"), ("x-tenant", "b"), ("x-other", "c")];
    assert_eq!(said(&channel, &sent).await.unwrap(), "a+b/");
    let sent = [("x-tenant", "a"), ("say", "1")];
    assert_eq!(said(&channel, &sent).await.unwrap(), "mine/");
}

#[tokio::test]
async fn headers_over_the_limit_are_refused_by_a_status() {
    let mut config = config();
    config.limits.max_header_list_size = 2 << 10;
    let running = serve(&config, addresses());
    let channel = own_client(&running, |_| {});
    let text = "x".repeat(1 << 10);
    said(&channel, &[("x-large", &text)]).await.unwrap();
    let status = said(&channel, &[("x-large", &text), ("x-larger", &text)])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(
        status
            .message()
            .ends_with("bytes of headers; the limit is 2048"),
        "{status}"
    );
}

#[test]
fn what_is_no_name_of_metadata_is_refused() {
    use nautil_grpc::server::MetadataName;

    for name in ["x-tenant", "traceparent", "token-bin"] {
        name.parse::<MetadataName>().unwrap();
    }
    for name in [
        "",
        "two words",
        "grpc-timeout",
        "te",
        "content-type",
        ":path",
    ] {
        name.parse::<MetadataName>().unwrap_err();
    }
}
