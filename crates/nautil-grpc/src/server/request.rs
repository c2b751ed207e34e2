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
use crate::{BoxStream, Encoding, Encodings};

/// What the peer is told of a message that cannot be decoded. The details are for the log: they name fields.
const MALFORMED: &str = "the request has a malformed message";

/// Reads the one message of a request.
///
/// # Errors
/// RESOURCE_EXHAUSTED for a message that is too large, UNIMPLEMENTED for none, for two, and for a compression that is not accepted,
/// INTERNAL for what is no message.
pub(super) async fn one<A>(
    headers: &HeaderMap,
    mut body: Body,
    policy: &Policy,
) -> Result<A, Status>
where
    A: Message + Default,
{
    let limit = policy.receive;
    let mut decoder = Decoder::new(limit, encoding(headers, policy.accepted())?);
    let mut message = None;
    // The common case is one frame that ends the request: then there is one poll, and no copy.
    loop {
        match poll_fn(|context| poll_data(&mut body, context)).await? {
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
        if message.is_some() && body.is_end_stream() {
            break;
        }
    }
    message.ok_or_else(|| match decoder.is_empty() {
        true => Status::unimplemented("the request has no message; this method takes one"),
        false => cut_short(),
    })
}

/// The messages of a request, as they come.
///
/// # Errors
/// UNIMPLEMENTED for a compression that is not accepted. The stream has the errors of [`one`].
pub(super) fn many<A>(
    headers: &HeaderMap,
    body: Body,
    policy: &Policy,
) -> Result<BoxStream<A>, Status>
where
    A: Message + Default + 'static,
{
    let limit = policy.receive;
    Ok(Box::pin(Messages {
        body: Some(body),
        decoder: Decoder::new(limit, encoding(headers, policy.accepted())?),
        limit,
        given: 0,
        message: PhantomData,
    }))
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
