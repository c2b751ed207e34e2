//! Calls that pass through interceptors, in each of the four kinds.
//!
//! Messages stay what the handler's types are, unless an interceptor wants to see them: only then each has a form of bytes of its
//! own.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use http::Extensions;
use prost::Message;
use tonic::body::Body;
use tonic::{Request, Response, Status};

use super::begun::{Begun, run};
use super::reply;
use super::request::{Incoming, decode};
use crate::interceptor::{Answer, Chain, Hooks, InterceptedCall, Source};
use crate::{BoxStream, EncodedMessage, Method};

/// What the handler takes its request from.
struct Inner {
    incoming: Incoming,
    /// The one message, where an interceptor wanted to have it.
    read: Option<Result<EncodedMessage, Status>>,
    reading: Option<BoxFuture<'static, Result<EncodedMessage, Status>>>,
    extensions: Extensions,
    method: &'static Method,
}

pub(super) async fn unary<A, B, F, R>(
    chain: Arc<Chain>,
    mut begun: Begun,
    handler: F,
) -> http::Response<Body>
where
    A: Message + Default,
    B: Message,
    F: FnOnce(Request<A>) -> R + Send,
    R: Future<Output = Result<Response<B>, Status>> + Send,
{
    let mut hooks = Hooks::new(begun.active.method());
    let answer = pass(&chain, &mut begun, &mut hooks, |inner, call, hooks| {
        one(inner, call, hooks, handler)
    });
    let answer = answer.await;
    finish_one(answer, hooks, begun)
}

pub(super) async fn server_streaming<A, B, F, R>(
    chain: Arc<Chain>,
    mut begun: Begun,
    handler: F,
) -> http::Response<Body>
where
    A: Message + Default,
    B: Message + 'static,
    F: FnOnce(Request<A>) -> R + Send,
    R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send,
{
    let mut hooks = Hooks::new(begun.active.method());
    let answer = pass(&chain, &mut begun, &mut hooks, |inner, call, hooks| {
        one(inner, call, hooks, handler)
    });
    let answer = answer.await;
    finish_many(answer, hooks, begun)
}

pub(super) async fn client_streaming<A, B, F, R>(
    chain: Arc<Chain>,
    mut begun: Begun,
    handler: F,
) -> http::Response<Body>
where
    A: Message + Default + 'static,
    B: Message,
    F: FnOnce(Request<BoxStream<A>>) -> R + Send,
    R: Future<Output = Result<Response<B>, Status>> + Send,
{
    let mut hooks = Hooks::new(begun.active.method());
    let answer = pass(&chain, &mut begun, &mut hooks, |inner, call, hooks| {
        many(inner, call, hooks, handler)
    });
    let answer = answer.await;
    finish_one(answer, hooks, begun)
}

pub(super) async fn streaming<A, B, F, R>(
    chain: Arc<Chain>,
    mut begun: Begun,
    handler: F,
) -> http::Response<Body>
where
    A: Message + Default + 'static,
    B: Message + 'static,
    F: FnOnce(Request<BoxStream<A>>) -> R + Send,
    R: Future<Output = Result<Response<BoxStream<B>>, Status>> + Send,
{
    let mut hooks = Hooks::new(begun.active.method());
    let answer = pass(&chain, &mut begun, &mut hooks, |inner, call, hooks| {
        many(inner, call, hooks, handler)
    });
    let answer = answer.await;
    finish_many(answer, hooks, begun)
}

/// Sees a call through its chain. `start` begins the handler's work.
async fn pass<T, S, W>(
    chain: &Chain,
    begun: &mut Begun,
    hooks: &mut Hooks,
    start: S,
) -> Result<Answer<T>, Status>
where
    T: Send,
    S: FnOnce(Inner, &mut InterceptedCall, &mut Hooks) -> W + Send,
    W: Future<Output = Result<Response<T>, Status>> + Send,
{
    let method = begun.active.method();
    let mut call = InterceptedCall::served(method, std::mem::take(&mut begun.metadata));
    let inner = Inner {
        incoming: begun.incoming.take(),
        read: None,
        reading: None,
        extensions: std::mem::take(&mut begun.extensions),
        method,
    };
    let through = chain.pass(&mut call, hooks, inner, start);
    begun.active.run(through).await
}

impl Source for Inner {
    fn poll_one(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<EncodedMessage>, Status>> {
        if self.method.kind().has_request_stream() {
            return Poll::Ready(Ok(None));
        }
        if self.read.is_none() {
            let incoming = &mut self.incoming;
            let reading = self
                .reading
                .get_or_insert_with(|| incoming.take().one().boxed());
            let read = ready!(reading.poll_unpin(context));
            self.reading = None;
            self.read = Some(read);
        }
        Poll::Ready(self.read.clone().transpose())
    }

    fn keep_one(&mut self, message: EncodedMessage) {
        self.read = Some(Ok(message));
    }
}

/// Runs a handler that takes one message.
fn one<A, T, F, R>(
    inner: Inner,
    call: &mut InterceptedCall,
    hooks: &mut Hooks,
    handler: F,
) -> impl Future<Output = Result<Response<T>, Status>> + use<A, T, F, R>
where
    A: Message + Default,
    F: FnOnce(Request<A>) -> R,
    R: Future<Output = Result<Response<T>, Status>>,
{
    let metadata = call.take_metadata();
    let mut requests = hooks.requests.take();
    async move {
        let is_begun = inner.read.is_some() || inner.reading.is_some();
        let message = if !is_begun && requests.is_empty() {
            inner.incoming.one().await?
        } else {
            let message = match (inner.read, inner.reading) {
                (Some(read), _) => read?,
                // An interceptor had no time to wait for it.
                (None, Some(reading)) => reading.await?,
                (None, None) => inner.incoming.one().await?,
            };
            decode(requests.show(message)?)?
        };
        let request = Request::from_parts(metadata, inner.extensions, message);
        run(handler, request, inner.method).await
    }
}

/// Runs a handler that takes a stream.
fn many<A, T, F, R>(
    inner: Inner,
    call: &mut InterceptedCall,
    hooks: &mut Hooks,
    handler: F,
) -> impl Future<Output = Result<Response<T>, Status>> + use<A, T, F, R>
where
    A: Message + Default + 'static,
    F: FnOnce(Request<BoxStream<A>>) -> R,
    R: Future<Output = Result<Response<T>, Status>>,
{
    let metadata = call.take_metadata();
    let mut requests = hooks.requests.take();
    async move {
        let messages = if requests.is_empty() {
            inner.incoming.many()?
        } else {
            let messages = inner.incoming.many::<EncodedMessage>()?;
            let shown = messages.map(move |message| decode(requests.show(message?)?));
            until_error(shown.boxed())
        };
        let request = Request::from_parts(metadata, inner.extensions, messages);
        run(handler, request, inner.method).await
    }
}

/// A stream that is over at its first error.
fn until_error<M: Send + 'static>(messages: BoxStream<M>) -> BoxStream<M> {
    let messages = stream::unfold(Some(messages), |messages| async {
        let mut messages = messages?;
        let next = messages.next().await?;
        let rest = next.is_ok().then_some(messages);
        Some((next, rest))
    });
    messages.boxed()
}

/// The reply of one message.
fn finish_one<B: Message>(
    answer: Result<Answer<B>, Status>,
    hooks: Hooks,
    begun: Begun,
) -> http::Response<Body> {
    let Hooks {
        mut responses,
        ends,
        ..
    } = hooks;
    let (limit, compressor, mut active) = (begun.limit, begun.compressor, begun.active);
    active.set_ends(ends);
    let encoded = match answer {
        Ok(Answer::Work(response)) if responses.is_empty() => {
            return reply::one(Ok(response), limit, compressor, active);
        }
        Ok(Answer::Work(response)) => Ok(response.map(|message| EncodedMessage::of(&message))),
        Ok(Answer::Interceptor(response)) => {
            Ok(response.map(|mut messages| messages.pop().unwrap_or_default()))
        }
        Err(status) => Err(status),
    };
    let shown = encoded.and_then(|response| {
        let (metadata, message, extensions) = response.into_parts();
        let message = responses.show(message)?;
        Ok(Response::from_parts(metadata, message, extensions))
    });
    reply::one(shown, limit, compressor, active)
}

/// The reply of many.
fn finish_many<B: Message + 'static>(
    answer: Result<Answer<BoxStream<B>>, Status>,
    hooks: Hooks,
    begun: Begun,
) -> http::Response<Body> {
    let Hooks {
        mut responses,
        ends,
        ..
    } = hooks;
    let (limit, compressor, mut active) = (begun.limit, begun.compressor, begun.active);
    active.set_ends(ends);
    let encoded = match answer {
        Ok(Answer::Work(response)) if responses.is_empty() => {
            return reply::many(Ok(response), limit, compressor, active);
        }
        Ok(Answer::Work(response)) => Ok(response.map(|messages| {
            let encoded = messages.map(|message| Ok(EncodedMessage::of(&message?)));
            encoded.boxed()
        })),
        Ok(Answer::Interceptor(response)) => {
            Ok(response.map(|messages| stream::iter(messages).map(Ok).boxed()))
        }
        Err(status) => Err(status),
    };
    let shown = encoded.map(|response| {
        response.map(|messages: BoxStream<EncodedMessage>| {
            messages
                .map(move |message| responses.show(message?))
                .boxed()
        })
    });
    reply::many(shown, limit, compressor, active)
}
