//! A gRPC call by hand, for requests that no generated client would send.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::support::in_time;

/// An HTTP/2 connection.
pub(crate) struct Wire(SendRequest<Bytes>);

/// A call that waits for its message.
pub(crate) struct OpenCall {
    response: ResponseFuture,
    body: SendStream<Bytes>,
}

/// What a server said about a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The number of the code: <https://grpc.io/docs/guides/status-codes/>.
    pub(crate) code: u32,
    pub(crate) message: String,
}

pub(crate) const OK: u32 = 0;
pub(crate) const INVALID_ARGUMENT: u32 = 3;
pub(crate) const DEADLINE_EXCEEDED: u32 = 4;
pub(crate) const INTERNAL: u32 = 13;
pub(crate) const UNIMPLEMENTED: u32 = 12;

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        Wire(sender)
    }

    /// Calls `path` with one message, of any bytes.
    pub(crate) async fn call(&mut self, path: &str, message: &[u8]) -> Status {
        in_time(self.send(path, message)).await
    }

    async fn send(&mut self, path: &str, message: &[u8]) -> Status {
        self.open(path).await.finish(message).await
    }

    /// Calls `path` with one message, and with a header beside those that gRPC asks for.
    pub(crate) async fn call_with(
        &mut self,
        path: &str,
        header: (&str, &str),
        message: &[u8],
    ) -> Status {
        let call = self.open_with(path, Some(header)).await;
        in_time(call.finish(message)).await
    }

    /// Begins a call of `path`, whose message is still to come.
    pub(crate) async fn open(&mut self, path: &str) -> OpenCall {
        self.open_with(path, None).await
    }

    async fn open_with(&mut self, path: &str, header: Option<(&str, &str)>) -> OpenCall {
        let mut request = Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.body(()).unwrap();
        let mut sender = self.0.clone().ready().await.unwrap();
        let (response, body) = sender.send_request(request, false).unwrap();
        OpenCall { response, body }
    }
}

impl OpenCall {
    /// Sends the message, and hears the end.
    pub(crate) async fn finish(mut self, message: &[u8]) -> Status {
        // Not compressed, then the length: the prefix of a message.
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        self.body.send_data(framed.into(), true).unwrap();

        let (parts, mut body) = self.response.await.unwrap().into_parts();
        while let Some(data) = body.data().await {
            let length = data.unwrap().len();
            body.flow_control().release_capacity(length).unwrap();
        }
        let trailers = body.trailers().await.unwrap();
        status(&trailers.unwrap_or(parts.headers))
    }
}

fn status(headers: &HeaderMap) -> Status {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    Status {
        code: text("grpc-status").unwrap().parse().unwrap(),
        message: text("grpc-message").unwrap_or_default().to_owned(),
    }
}
