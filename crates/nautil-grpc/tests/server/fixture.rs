//! A running server, its clients, and raw HTTP/2 frames.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use nautil_grpc::client::{ClientConfig, Target};
use nautil_grpc::server::{Drained, Error, Listen, Mode, Router, Routes, Server, ServerConfig};
use nautil_grpc::{Request, Response, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::answers::Answers;
use crate::echo::{Echo, EchoInterface, Text};

pub(crate) struct Running {
    pub(crate) address: String,
    management: Option<String>,
    pub(crate) echo: Arc<Echo>,
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<Drained, Error>>,
}

/// Two workers, any free port.
pub(crate) fn config() -> ServerConfig {
    ServerConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        workers: 2,
        ..ServerConfig::default()
    }
}

pub(crate) fn routes(config: &ServerConfig, echo: &Arc<Echo>) -> Routes {
    Router::new(config)
        .mount::<dyn EchoInterface>(Arc::<Echo>::clone(echo))
        .with_health()
        .with_reflection()
        .build()
        .unwrap()
}

pub(crate) fn start(config: &ServerConfig) -> Running {
    let echo = Arc::new(Echo::default());
    let routes = routes(config, &echo);
    start_with(config, routes, echo)
}

/// A server whose handlers a test writes.
pub(crate) fn serve(config: &ServerConfig, answers: Answers) -> Running {
    let routes = Router::new(config)
        .mount::<dyn EchoInterface>(Arc::new(answers))
        .build()
        .unwrap();
    start_with(config, routes, Arc::new(Echo::default()))
}

/// A client of this crate, with what is changed of its config.
pub(crate) fn own_client(
    running: &Running,
    change: impl FnOnce(&mut ClientConfig),
) -> nautil_grpc::Channel {
    let target = Target {
        service: "echo.Echo",
        variable: "ECHO_HOST",
    };
    let mut config = ClientConfig {
        host: Some(running.address.parse().unwrap()),
        ..ClientConfig::default()
    };
    change(&mut config);
    nautil_grpc::Channel::connect(target, &config).unwrap()
}

pub(crate) fn start_with(config: &ServerConfig, routes: Routes, echo: Arc<Echo>) -> Running {
    start_server(Server::bind(config).unwrap(), routes, echo)
}

pub(crate) fn start_server(server: Server, routes: Routes, echo: Arc<Echo>) -> Running {
    let address = server.address().to_string();
    let management = server.management_address().map(ToString::to_string);
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let task = tokio::spawn(async { Ok(server.start(routes).await?.until(stopped).await) });
    Running {
        address,
        management,
        echo,
        stop,
        task,
    }
}

pub(crate) fn modes() -> [ServerConfig; 2] {
    [Mode::PerCore, Mode::Shared].map(|mode| {
        let mut config = config();
        config.mode = mode;
        config
    })
}

impl Running {
    pub(crate) async fn client(&self) -> Grpc<Channel> {
        client(&self.address).await
    }

    /// The address of the management port.
    pub(crate) fn management(&self) -> String {
        self.management.clone().unwrap()
    }

    pub(crate) async fn socket(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Tells the server to stop, and waits for it.
    pub(crate) async fn stop(self) -> Drained {
        self.stop.cancel();
        self.stopped().await
    }

    pub(crate) async fn stopped(self) -> Drained {
        in_time(self.task).await.unwrap().unwrap()
    }
}

pub(crate) async fn client(address: &str) -> Grpc<Channel> {
    Grpc::new(channel(address).await)
}

pub(crate) async fn channel(address: &str) -> Channel {
    let uri = match address.parse().unwrap() {
        Listen::Unix(path) => format!("unix://{}", path.display()),
        _ => format!("http://{address}"),
    };
    let endpoint = Endpoint::from_shared(uri).unwrap();
    in_time(endpoint.connect()).await.unwrap()
}

pub(crate) async fn unary(client: &mut Grpc<Channel>, text: &str) -> Result<String, Status> {
    let response = call(client, "/echo.Echo/Unary", Request::new(Text::new(text))).await?;
    Ok(response.into_inner().text)
}

pub(crate) async fn call(
    client: &mut Grpc<Channel>,
    path: &'static str,
    request: Request<Text>,
) -> Result<Response<Text>, Status> {
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static(path);
    let codec = ProstCodec::<Text, Text>::default();
    in_time(client.unary(request, path, codec)).await
}

/// A request as it is, past all that tonic would do to it.
pub(crate) async fn send(
    channel: &mut Channel,
    request: http::Request<Body>,
) -> http::Response<Body> {
    poll_fn(|cx| channel.poll_ready(cx)).await.unwrap();
    in_time(channel.call(request)).await.unwrap()
}

/// A body of frames of data.
pub(crate) struct Chunks(pub(crate) VecDeque<&'static [u8]>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let chunk = self.0.pop_front().map(Bytes::from_static);
        Poll::Ready(chunk.map(|chunk| Ok(http_body::Frame::data(chunk))))
    }
}

/// What hangs fails instead.
pub(crate) async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("the test hangs")
}

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.into(),
        }
    }

    /// The headers of a request, without the end of its stream. A block (RFC 7541) of what the static table has, and literals.
    pub(crate) fn request(stream: u32, path: &str) -> Self {
        let mut block = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        block.extend(path.as_bytes());
        block.extend(b"\x0f\x10\x10application/grpc");
        Self::new(HEADERS, END_HEADERS, stream, block)
    }

    pub(crate) async fn write(&self, socket: &mut TcpStream) {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        socket.write_all(&bytes).await.unwrap();
    }

    pub(crate) async fn read(socket: &mut TcpStream) -> Self {
        let mut head = [0; 9];
        in_time(socket.read_exact(&mut head)).await.unwrap();
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        in_time(socket.read_exact(&mut payload)).await.unwrap();
        let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
        Self::new(head[3], head[4], stream, payload)
    }

    /// The next frame of a kind, whatever comes before it.
    pub(crate) async fn read_kind(socket: &mut TcpStream, kind: u8) -> Self {
        loop {
            let frame = Self::read(socket).await;
            if frame.kind == kind {
                return frame;
            }
        }
    }
}

/// A connection that has said hello, and has no frames of the server read.
pub(crate) async fn http2(running: &Running) -> TcpStream {
    let mut socket = running.socket().await;
    socket.write_all(PREFACE).await.unwrap();
    Frame::new(SETTINGS, 0, 0, []).write(&mut socket).await;
    socket
}

/// What is logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is logged on threads that take it nowhere else, those of the servers among them, by all tests of this process.
pub(crate) fn logged_anywhere() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    });
    log.clone()
}
