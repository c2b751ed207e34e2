//! Requests: of one message, of a stream.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http_body::Body as _;
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tracing::debug;

use super::policy::Policy;
use crate::codec::{DecodeFault, Decoder, Half, TooLarge, stated_encoding};
use crate::{BoxStream, EncodedMessage, Encoding, Encodings};

/// What the peer is told of a message that cannot be decoded. The details are for the log: they name fields.
const MALFORMED: &str = "the request has a malformed message";

/// The body of a request that was not read yet, and how it is to be read.
#[derive(Debug)]
pub(super) struct Incoming {
    body: Body,
    /// What its messages are compressed by. A compression that is not accepted is told to whoever reads.
    encoding: Result<Option<Encoding>, Status>,
    /// The largest message, in bytes.
    limit: usize,
}

impl Incoming {
    pub(super) fn new(headers: &HeaderMap, body: Body, policy: &Policy) -> Self {
        Self {
            body,
            encoding: encoding(headers, policy.accepted()),
            limit: policy.receive,
        }
    }

    /// Reads the one message of the request.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED for a message that is too large, UNIMPLEMENTED for none, for two, and for a compression that is not accepted,
    /// INTERNAL for what is no message.
    pub(super) async fn one<A: Message + Default>(mut self) -> Result<A, Status> {
        let limit = self.limit;
        let mut decoder = self.decoder()?;
        let mut message = None;
        // The common case is one frame that ends the request: then there is one poll, and no copy.
        loop {
            match poll_fn(|context| poll_data(&mut self.body, context)).await? {
                None => break,
                Some(data) => decoder.push(data),
            }
            if message.is_none() {
                message = next(&mut decoder, limit)?;
            }
            if message.is_some() && !decoder.is_empty() {
                return Err(Status::unimplemented(
                    "the request has more than one message; this method takes one",
                ));
            }
            if message.is_some() && self.body.is_end_stream() {
                break;
            }
        }
        message.ok_or_else(|| match decoder.is_empty() {
            true => Status::unimplemented("the request has no message; this method takes one"),
            false => cut_short(),
        })
    }

    /// The messages of the request, as they come.
    ///
    /// # Errors
    /// UNIMPLEMENTED for a compression that is not accepted. The stream has the errors of [`one`](Self::one).
    pub(super) fn many<A: Message + Default + 'static>(mut self) -> Result<BoxStream<A>, Status> {
        Ok(Box::pin(Messages {
            decoder: self.decoder()?,
            body: Some(self.body),
            limit: self.limit,
            given: 0,
            message: PhantomData,
        }))
    }

    /// Leaves a request without a message in its place.
    pub(super) fn take(&mut self) -> Self {
        let read = Self {
            body: Body::empty(),
            encoding: Ok(None),
            limit: self.limit,
        };
        std::mem::replace(self, read)
    }

    fn decoder(&mut self) -> Result<Decoder, Status> {
        let encoding = std::mem::replace(&mut self.encoding, Ok(None));
        Ok(Decoder::new(self.limit, encoding?))
    }
}

/// The message of these bytes.
///
/// # Errors
/// INTERNAL for what is no message.
pub(super) fn decode<A: Message + Default>(message: EncodedMessage) -> Result<A, Status> {
    A::decode(message.into_bytes()).map_err(malformed)
}

/// The messages of a request that are still to come.
struct Messages<A> {
    /// Nothing, once the stream is over.
    body: Option<Body>,
    decoder: Decoder,
    limit: usize,
    /// The bytes of messages that were given since the last pause.
    given: usize,
    message: PhantomData<fn() -> A>,
}

/// After how many bytes of messages that were there at once others get their turn. A handler that reads all of them would
/// otherwise hold up the calls beside it, and its own deadline: compressed, they fit into one frame.
const TURN: usize = 1 << 20;

impl<A: Message + Default> Messages<A> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<A, Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        if self.given >= TURN {
            self.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            if let Some(message) = next::<A>(&mut self.decoder, self.limit)? {
                self.given += message.encoded_len();
                return Poll::Ready(Some(Ok(message)));
            }
            match ready!(poll_data(body, context))? {
                Some(data) => self.decoder.push(data),
                None if self.decoder.is_empty() => return Poll::Ready(None),
                None => return Poll::Ready(Some(Err(cut_short()))),
            }
        }
    }
}

impl<A: Message + Default> Stream for Messages<A> {
    type Item = Result<A, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.poll(context));
        if !matches!(next, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(next)
    }
}

/// The next data of a request; nothing at its end, which trailers are too.
fn poll_data(body: &mut Body, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
    let frame = ready!(Pin::new(body).poll_frame(context));
    Poll::Ready(frame.transpose().map(|frame| frame?.into_data().ok()))
}

fn next<A: Message + Default>(decoder: &mut Decoder, limit: usize) -> Result<Option<A>, Status> {
    decoder.next().map_err(|fault| match fault {
        DecodeFault::TooLarge { size } => Status::resource_exhausted(
            TooLarge {
                half: Half::Request,
                size,
                limit,
            }
            .to_string(),
        ),
        DecodeFault::Compressed => malformed("it is compressed, and no `grpc-encoding` says how"),
        DecodeFault::Undecodable(encoding, error) => {
            malformed(format_args!("it is no {}: {error}", encoding.name()))
        }
        DecodeFault::Flag(flag) => malformed(format_args!("it begins with {flag}")),
        DecodeFault::Malformed(error) => malformed(error),
    })
}

fn cut_short() -> Status {
    Status::internal("the request ends within a message")
}

fn malformed(cause: impl std::fmt::Display) -> Status {
    debug!(%cause, "{MALFORMED}");
    Status::internal(MALFORMED)
}

/// What the messages of a request are compressed by.
///
/// # Errors
/// UNIMPLEMENTED where it is nothing that is accepted, with what is (gRPC, "Compression").
fn encoding(headers: &HeaderMap, accepted: Encodings) -> Result<Option<Encoding>, Status> {
    match stated_encoding(headers) {
        Ok(None) => Ok(None),
        Ok(Some(encoding)) if accepted.contains(encoding) => Ok(Some(encoding)),
        Ok(Some(encoding)) => Err(unsupported(encoding.name(), accepted)),
        Err(stated) => Err(unsupported(stated, accepted)),
    }
}

fn unsupported(stated: &str, accepted: Encodings) -> Status {
    let text = format!("the compression `{stated}` is not supported");
    let mut status = Status::unimplemented(text);
    let accepted = accepted.to_string().parse();
    let accepted = accepted.expect("names and commas are a header value");
    status
        .metadata_mut()
        .insert("grpc-accept-encoding", accepted);
    status
}
