//! A server of HTTP/2 that does what it is told, frame by frame.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::in_time;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const MAX_CONCURRENT_STREAMS: u8 = 3;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// `:status: 200` and `content-type: application/grpc`, by the static table (RFC 7541, appendix A).
pub(crate) const RESPONSE: &[u8] = b"\x88\x0f\x10\x10application/grpc";

/// `grpc-status: 0`.
pub(crate) const TRAILERS: &[u8] = b"\x00\x0bgrpc-status\x010";

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// One connection, from the server's side.
pub(crate) struct Raw(TcpStream);

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Raw {
    /// The next connection; both sides have said hello.
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        Self::greet(listener, &[]).await
    }

    /// The next connection, which takes so many requests at a time.
    pub(crate) async fn accept_with_streams(listener: &TcpListener, streams: u8) -> Self {
        Self::greet(listener, &[0, MAX_CONCURRENT_STREAMS, 0, 0, 0, streams]).await
    }

    async fn greet(listener: &TcpListener, settings: &[u8]) -> Self {
        let (mut socket, _) = in_time(listener.accept()).await.unwrap();
        let mut preface = [0; PREFACE.len()];
        in_time(socket.read_exact(&mut preface)).await.unwrap();
        assert_eq!(preface, PREFACE);
        let mut raw = Self(socket);
        raw.write(SETTINGS, 0, 0, settings).await;
        raw.write(SETTINGS, ACK, 0, &[]).await;
        // The client's word that it has read the settings.
        raw.next(|frame| frame.kind == SETTINGS && frame.flags & ACK != 0)
            .await;
        raw
    }

    /// The next request: its stream, once it is whole.
    pub(crate) async fn request(&mut self) -> u32 {
        let whole = self
            .next(|frame| frame.kind == DATA && frame.flags & END_STREAM != 0)
            .await;
        whole.stream
    }

    /// The headers of the next request: its stream.
    pub(crate) async fn headers(&mut self) -> u32 {
        self.next(|frame| frame.kind == HEADERS).await.stream
    }

    /// The next message of a request.
    pub(crate) async fn message(&mut self) -> Vec<u8> {
        self.next(|frame| frame.kind == DATA).await.payload
    }

    /// Answers with a message, and OK.
    pub(crate) async fn answer(&mut self, stream: u32, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        let mut message = vec![0, 0, 0, 0, length + 2, 0x0a, length];
        message.extend(text.as_bytes());
        self.write(HEADERS, END_HEADERS, stream, RESPONSE).await;
        self.write(DATA, 0, stream, &message).await;
        self.write(HEADERS, END_HEADERS | END_STREAM, stream, TRAILERS)
            .await;
    }

    /// Answers with this head, this data, and these trailers. Without trailers the head is the end.
    pub(crate) async fn parts(
        &mut self,
        stream: u32,
        head: &[u8],
        data: &[u8],
        trailers: Option<&[u8]>,
    ) {
        let Some(trailers) = trailers else {
            let flags = END_HEADERS | END_STREAM;
            return self.write(HEADERS, flags, stream, head).await;
        };
        self.write(HEADERS, END_HEADERS, stream, head).await;
        if !data.is_empty() {
            self.write(DATA, 0, stream, data).await;
        }
        self.write(HEADERS, END_HEADERS | END_STREAM, stream, trailers)
            .await;
    }

    /// Answers with a stream of messages, each in a frame of its own, and OK; returns when the client has read all frames.
    pub(crate) async fn stream(&mut self, stream: u32, messages: &[&str]) {
        self.write(HEADERS, END_HEADERS, stream, RESPONSE).await;
        for text in messages {
            let length = u8::try_from(text.len()).unwrap();
            let mut message = vec![0, 0, 0, 0, length + 2, 0x0a, length];
            message.extend(text.as_bytes());
            self.write(DATA, 0, stream, &message).await;
        }
        self.write(HEADERS, END_HEADERS | END_STREAM, stream, TRAILERS)
            .await;
        self.write(PING, 0, 0, &[0; 8]).await;
        self.next(|frame| frame.kind == PING && frame.flags & ACK != 0)
            .await;
    }

    pub(crate) async fn reset(&mut self, stream: u32, reason: u32) {
        self.write(RST_STREAM, 0, stream, &reason.to_be_bytes())
            .await;
    }

    /// Goes away; `last` is the last stream that is answered.
    pub(crate) async fn go_away(&mut self, last: u32, reason: u32) {
        let payload = [last.to_be_bytes(), reason.to_be_bytes()].concat();
        self.write(GOAWAY, 0, 0, &payload).await;
    }

    /// Reads until the client closes the connection.
    pub(crate) async fn closed(mut self) {
        // A client may also end with a reset.
        let _ = in_time(self.0.read_to_end(&mut Vec::new())).await;
    }

    async fn next(&mut self, is_it: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            let mut head = [0; 9];
            in_time(self.0.read_exact(&mut head)).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            in_time(self.0.read_exact(&mut payload)).await.unwrap();
            let frame = Frame {
                kind: head[3],
                flags: head[4],
                stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
                payload,
            };
            if is_it(&frame) {
                return frame;
            }
        }
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).await.unwrap();
    }
}
