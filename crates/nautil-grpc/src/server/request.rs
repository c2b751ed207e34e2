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
use tonic::metadata::MetadataValue;
use tracing::debug;

use crate::BoxStream;
use crate::codec::{DecodeFault, Decoder, Half, TooLarge};

/// What the peer is told of a message that cannot be decoded. The details are for the log: they name fields.
const MALFORMED: &str = "the request has a malformed message";

/// Reads the one message of a request.
///
/// # Errors
/// RESOURCE_EXHAUSTED for a message of more than `limit` bytes, UNIMPLEMENTED for none, for two, and for compression,
/// INTERNAL for what is no message.
pub(super) async fn one<A>(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<A, Status>
where
    A: Message + Default,
{
    let mut decoder = Decoder::new(limit);
    let mut message = None;
    // The common case is one frame that ends the request: then there is one poll, and no copy.
    loop {
        match poll_fn(|context| poll_data(&mut body, context)).await? {
            None => break,
            Some(data) => decoder.push(data),
        }
        if message.is_none() {
            message = next(&mut decoder, Some(headers), limit)?;
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
/// UNIMPLEMENTED for compression. The stream has the errors of [`one`].
pub(super) fn many<A>(headers: &HeaderMap, body: Body, limit: usize) -> Result<BoxStream<A>, Status>
where
    A: Message + Default + 'static,
{
    if let Some(encoding) = compression(headers) {
        return Err(unsupported(encoding));
    }
    Ok(Box::pin(Messages {
        body: Some(body),
        decoder: Decoder::new(limit),
        limit,
        message: PhantomData,
    }))
}

/// The messages of a request that are still to come.
struct Messages<A> {
    /// Nothing, once the stream is over.
    body: Option<Body>,
    decoder: Decoder,
    limit: usize,
    message: PhantomData<fn() -> A>,
}

impl<A: Message + Default> Messages<A> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<A, Status>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        loop {
            // A stream that names a compression was refused before.
            if let Some(message) = next(&mut self.decoder, None, self.limit)? {
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

fn next<A: Message + Default>(
    decoder: &mut Decoder,
    headers: Option<&HeaderMap>,
    limit: usize,
) -> Result<Option<A>, Status> {
    decoder.next().map_err(|fault| match fault {
        DecodeFault::TooLarge { size } => Status::resource_exhausted(
            TooLarge {
                half: Half::Request,
                size,
                limit,
            }
            .to_string(),
        ),
        DecodeFault::Compressed => match headers.and_then(compression) {
            Some(encoding) => unsupported(encoding),
            None => malformed("it is compressed, and no `grpc-encoding` says how"),
        },
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

fn compression(headers: &HeaderMap) -> Option<&str> {
    let encoding = headers.get("grpc-encoding")?.to_str().ok()?;
    (encoding != "identity").then_some(encoding)
}

fn unsupported(encoding: &str) -> Status {
    let mut status =
        Status::unimplemented(format!("the compression `{encoding}` is not supported"));
    // What is supported must be said (gRPC, "Compression").
    status.metadata_mut().insert(
        "grpc-accept-encoding",
        MetadataValue::from_static("identity"),
    );
    status
}
