//! Calls that pass through interceptors before they go to the network, in each of the four kinds.
//!
//! Messages stay what the caller's types are, unless an interceptor wants to see them.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use http::Extensions;
use prost::Message;
use tokio::time::{Instant, sleep_until};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::deadline::asked;
use super::direct::Direct;
use super::failure;
use super::response_metadata::ResponseMetadata;
use super::terms::Terms;
use crate::interceptor::{Answer, Chain, Ends, Hooks, InterceptedCall, MessageHooks, Source};
use crate::{BoxStream, EncodedMessage, Method};

/// A response as it was received: as the caller wants it, or in bytes.
enum Form<T, E> {
    Typed(T),
    Encoded(E),
}

/// The one message of a response.
type One<B> = Form<B, EncodedMessage>;

/// The messages of a response.
type Many<B> = Form<BoxStream<B>, BoxStream<EncodedMessage>>;

/// What the caller wants to be sent.
struct Outgoing<A> {
    message: A,
    extensions: Extensions,
    /// The form in bytes, of the one message of a request.
    encoded: fn(&A) -> Option<EncodedMessage>,
    terms: Terms,
}

/// A call at the network's side of the interceptors.
struct Inner<A> {
    request: Request<A>,
    terms: Terms,
    requests: MessageHooks,
    /// Whether an interceptor wants to see a message.
    is_seen: bool,
}

pub(super) async fn unary<A, B>(
    direct: &Direct,
    chain: &Chain,
    method: &'static Method,
    request: Request<A>,
    terms: Terms,
) -> Result<Response<B>, Status>
where
    A: Message + Send,
    B: Message + Default + Send,
{
    let (call, outgoing) = begin(method, request, terms, encoded);
    let through = call.pass(direct, chain, outgoing, |inner| async {
        let mut inner = inner?;
        if !inner.is_seen {
            let response = direct.unary(method, inner.request, inner.terms).await?;
            return Ok(response.map(One::Typed));
        }
        let request = inner.show_one()?;
        let response = direct.unary(method, request, inner.terms).await?;
        Ok(response.map(One::Encoded))
    });
    through.await.one()
}

pub(super) async fn server_streaming<A, B>(
    direct: &Direct,
    chain: &Chain,
    method: &'static Method,
    request: Request<A>,
    terms: Terms,
) -> Result<Response<BoxStream<B>>, Status>
where
    A: Message + Send,
    B: Message + Default + Send + 'static,
{
    let (call, outgoing) = begin(method, request, terms, encoded);
    let through = call.pass(direct, chain, outgoing, |inner| async {
        let mut inner = inner?;
        if !inner.is_seen {
            let response = direct.server_streaming(method, inner.request, inner.terms);
            return Ok(response.await?.map(Many::Typed));
        }
        let request = inner.show_one()?;
        let response = direct.server_streaming(method, request, inner.terms);
        Ok(response.await?.map(Many::Encoded))
    });
    through.await.many()
}

pub(super) async fn client_streaming<A, B>(
    direct: &Direct,
    chain: &Chain,
    method: &'static Method,
    request: Request<BoxStream<A>>,
    terms: Terms,
) -> Result<Response<B>, Status>
where
    A: Message + 'static,
    B: Message + Default + Send,
{
    let (call, outgoing) = begin(method, request, terms, |_| None);
    let through = call.pass(direct, chain, outgoing, |inner| async {
        let inner = inner?;
        if !inner.is_seen {
            let response = direct.client_streaming(method, inner.request, inner.terms);
            return Ok(response.await?.map(One::Typed));
        }
        let (request, terms) = inner.show_many();
        let response = direct.client_streaming(method, request, terms).await?;
        Ok(response.map(One::Encoded))
    });
    through.await.one()
}

pub(super) async fn streaming<A, B>(
    direct: &Direct,
    chain: &Chain,
    method: &'static Method,
    request: Request<BoxStream<A>>,
    terms: Terms,
) -> Result<Response<BoxStream<B>>, Status>
where
    A: Message + 'static,
    B: Message + Default + Send + 'static,
{
    let (call, outgoing) = begin(method, request, terms, |_| None);
    let through = call.pass(direct, chain, outgoing, |inner| async {
        let inner = inner?;
        if !inner.is_seen {
            let response = direct.streaming(method, inner.request, inner.terms);
            return Ok(response.await?.map(Many::Typed));
        }
        let (request, terms) = inner.show_many();
        let response = direct.streaming(method, request, terms).await?;
        Ok(response.map(Many::Encoded))
    });
    through.await.many()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the message of a stream has no such form"
)]
fn encoded<A: Message>(message: &A) -> Option<EncodedMessage> {
    Some(EncodedMessage::of(message))
}

/// A call before its first interceptor.
struct Begun {
    call: InterceptedCall,
    hooks: Hooks,
    limit: Option<Duration>,
    deadline: Option<Instant>,
    /// What the caller itself set.
    asked: Option<Duration>,
    received: ResponseMetadata,
    /// Whether the caller wants to have the metadata of the response apart.
    is_apart: bool,
}

/// A call up to the head of its response.
struct Passed<T> {
    answer: Result<Answer<T>, Status>,
    hooks: Hooks,
    received: ResponseMetadata,
    is_apart: bool,
}

/// Takes a call apart. The metadata of the response are always wanted: interceptors see the trailers at the end.
fn begin<A>(
    method: &'static Method,
    request: Request<A>,
    terms: Terms,
    encoded: fn(&A) -> Option<EncodedMessage>,
) -> (Begun, Outgoing<A>) {
    let (metadata, extensions, message) = request.into_parts();
    let is_apart = terms.received.is_some();
    let received = terms.received.clone().unwrap_or_default();
    let deadline = terms
        .limit
        .map(|limit| Instant::now() + limit.min(crate::call::LONGEST));
    let begun = Begun {
        asked: asked(&metadata).ok().flatten(),
        call: InterceptedCall::made(method, metadata, deadline, terms.request_id.clone()),
        hooks: Hooks::new(method),
        limit: terms.limit,
        deadline,
        received: received.clone(),
        is_apart,
    };
    let outgoing = Outgoing {
        message,
        extensions,
        encoded,
        terms: Terms {
            received: Some(received),
            ..terms
        },
    };
    (begun, outgoing)
}

impl Begun {
    /// Sees the call through its interceptors, and then to the network by `start`. The time that interceptors take is the
    /// call's.
    async fn pass<A, S, W, T>(
        mut self,
        direct: &Direct,
        chain: &Chain,
        outgoing: Outgoing<A>,
        start: S,
    ) -> Passed<T>
    where
        A: Send,
        S: FnOnce(Result<Inner<A>, Status>) -> W + Send,
        W: Future<Output = Result<Response<T>, Status>> + Send,
        T: Send,
    {
        // The network watches the deadline by itself.
        let is_sent = AtomicBool::new(false);
        let (deadline, asked) = (self.deadline, self.asked);
        let start = |outgoing: Outgoing<A>, call: &mut InterceptedCall, hooks: &mut Hooks| {
            is_sent.store(true, Ordering::Relaxed);
            start(outgoing.leave(call, hooks, deadline, asked))
        };
        let limit = self.limit.unwrap_or_default();
        let answer = {
            let through = chain.pass(&mut self.call, &mut self.hooks, outgoing, start);
            let mut through = pin!(through);
            let mut timer = pin!(deadline.map(sleep_until));
            let answer = poll_fn(|context| {
                if let Poll::Ready(answer) = through.as_mut().poll(context) {
                    return Poll::Ready(answer);
                }
                let Some(timer) = timer.as_mut().as_pin_mut() else {
                    return Poll::Pending;
                };
                if is_sent.load(Ordering::Relaxed) {
                    return Poll::Pending;
                }
                ready!(timer.poll(context));
                Poll::Ready(Err(failure::deadline_exceeded(&direct.callee, limit)))
            });
            answer.await
        };
        if let Some(context) = self.call.outgoing_context() {
            self.hooks.ends.end_context(context.clone());
        }
        Passed {
            answer,
            hooks: self.hooks,
            received: self.received,
            is_apart: self.is_apart,
        }
    }
}

impl<A> Outgoing<A> {
    /// The call as it leaves the interceptors: with the metadata and the time that they left it.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a timeout of an interceptor that cannot be read.
    fn leave(
        self,
        call: &mut InterceptedCall,
        hooks: &mut Hooks,
        deadline: Option<Instant>,
        asked_before: Option<Duration>,
    ) -> Result<Inner<A>, Status> {
        let mut terms = self.terms;
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let asked = asked(call.metadata())?;
        terms.limit = match (left, asked) {
            // An interceptor may give the call less time than it has, and not more.
            (Some(left), Some(asked)) if Some(asked) != asked_before => Some(left.min(asked)),
            (None, asked) => asked,
            (left, _) => left,
        };
        if let Some(id) = call
            .outgoing_context()
            .and_then(crate::Context::known_request_id)
        {
            terms.request_id = Some(id);
        }
        let metadata = call.take_metadata();
        let requests = hooks.requests.take();
        Ok(Inner {
            is_seen: !requests.is_empty() || !hooks.responses.is_empty(),
            request: Request::from_parts(metadata, self.extensions, self.message),
            terms,
            requests,
        })
    }
}

impl<A: Send> Source for Outgoing<A> {
    fn poll_one(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<EncodedMessage>, Status>> {
        Poll::Ready(Ok((self.encoded)(&self.message)))
    }
}

impl<A: Message> Inner<A> {
    /// Shows the one message of the request.
    ///
    /// # Errors
    /// That of an interceptor that refuses it.
    fn show_one(&mut self) -> Result<Request<EncodedMessage>, Status> {
        let metadata = std::mem::take(self.request.metadata_mut());
        let extensions = std::mem::take(self.request.extensions_mut());
        let message = self
            .requests
            .show(EncodedMessage::of(self.request.get_ref()))?;
        Ok(Request::from_parts(metadata, extensions, message))
    }
}

impl<A: Message + 'static> Inner<BoxStream<A>> {
    /// Shows the messages of the request as they are sent.
    fn show_many(self) -> (Request<BoxStream<EncodedMessage>>, Terms) {
        let mut requests = self.requests;
        let request = self.request.map(|messages| {
            let shown = messages.map(move |message| requests.show(EncodedMessage::of(&message?)));
            shown.boxed()
        });
        (request, self.terms)
    }
}

impl<B: Message + Default> Passed<One<B>> {
    fn one(mut self) -> Result<Response<B>, Status> {
        let responses = &mut self.hooks.responses;
        let mut read = |message| decode(responses.show(message)?);
        let answer = self.answer.and_then(|answer| match answer {
            Answer::Work(response) => {
                let (metadata, message, extensions) = response.into_parts();
                let message = match message {
                    Form::Typed(message) => message,
                    Form::Encoded(message) => read(message)?,
                };
                Ok(Response::from_parts(metadata, message, extensions))
            }
            Answer::Interceptor(response) => {
                let (metadata, mut messages, extensions) = response.into_parts();
                let message = read(messages.pop().unwrap_or_default())?;
                Ok(Response::from_parts(metadata, message, extensions))
            }
        });
        let (response, ended) = match answer {
            Ok(response) => (Some(response), Ok(())),
            Err(status) => (None, Err(status)),
        };
        let ended = end(self.hooks.ends, ended, &self.received);
        let mut response =
            ended.map(|()| response.expect("a call that failed does not succeed"))?;
        if !self.is_apart
            && let Some(trailers) = self.received.trailers()
        {
            let mut headers = std::mem::take(response.metadata_mut()).into_headers();
            headers.extend(trailers.into_headers());
            *response.metadata_mut() = MetadataMap::from_headers(headers);
        }
        Ok(response)
    }
}

impl<B: Message + Default + Send + 'static> Passed<Many<B>> {
    fn many(self) -> Result<Response<BoxStream<B>>, Status> {
        let Hooks {
            mut responses,
            ends,
            ..
        } = self.hooks;
        let read = |messages: BoxStream<EncodedMessage>| {
            messages
                .map(move |message| decode(responses.show(message?)?))
                .boxed()
        };
        let response = match self.answer {
            Ok(Answer::Work(response)) => response.map(|messages| match messages {
                Form::Typed(messages) => messages,
                Form::Encoded(messages) => read(messages),
            }),
            Ok(Answer::Interceptor(response)) => {
                response.map(|messages| read(stream::iter(messages).map(Ok).boxed()))
            }
            Err(status) => {
                let ended = end(ends, Err(status), &self.received);
                return Err(ended.expect_err("a call that failed does not succeed"));
            }
        };
        if ends.is_empty() {
            return Ok(response);
        }
        Ok(response.map(|messages| {
            let messages: BoxStream<B> = Box::pin(UntilEnd {
                rest: Some((messages, ends)),
                received: self.received,
            });
            messages
        }))
    }
}

/// The messages of a response whose end interceptors want to hear of.
struct UntilEnd<B> {
    /// Nothing, once the stream is over.
    rest: Option<(BoxStream<B>, Ends)>,
    received: ResponseMetadata,
}

impl<B> Stream for UntilEnd<B> {
    type Item = Result<B, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<B, Status>>> {
        let Some((messages, _)) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let ended = match ready!(messages.as_mut().poll_next(context)) {
            Some(Ok(message)) => return Poll::Ready(Some(Ok(message))),
            Some(Err(status)) => Err(status),
            None => Ok(()),
        };
        let Some((messages, ends)) = self.rest.take() else {
            return Poll::Ready(None);
        };
        // Dropping it resets what is still open.
        drop(messages);
        Poll::Ready(end(ends, ended, &self.received).err().map(Err))
    }
}

/// Tells interceptors of the end, and returns what they made of it.
fn end(ends: Ends, ended: Result<(), Status>, received: &ResponseMetadata) -> Result<(), Status> {
    let (ended, changed) = ends.run(ended, received.trailers().unwrap_or_default());
    received.set_trailers(changed.into_headers());
    ended
}

/// The message of a response.
///
/// # Errors
/// INTERNAL for bytes that are none.
fn decode<B: Message + Default>(message: EncodedMessage) -> Result<B, Status> {
    B::decode(message.into_bytes())
        .map_err(|error| Status::internal(format!("the response has a malformed message: {error}")))
}
