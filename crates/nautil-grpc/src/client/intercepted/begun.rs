//! A call on its way through its interceptors, up to where it leaves them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt;
use http::Extensions;
use prost::Message;
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Response, Status};

use super::passed::Passed;
use crate::client::deadline::asked;
use crate::client::direct::Direct;
use crate::client::failure;
use crate::client::response_metadata::ResponseMetadata;
use crate::client::terms::Terms;
use crate::interceptor::{Chain, Hooks, InterceptedCall, MessageHooks, Source};
use crate::{BoxStream, EncodedMessage, Method};

/// What the caller wants to be sent.
pub(super) struct Outgoing<A> {
    message: A,
    extensions: Extensions,
    /// The form in bytes, of the one message of a request.
    encoded: fn(&A) -> Option<EncodedMessage>,
    /// What interceptors made of it.
    kept: Option<EncodedMessage>,
    terms: Terms,
}

/// A call at the network's side of the interceptors.
pub(super) struct Inner<A> {
    pub(super) request: Request<A>,
    pub(super) terms: Terms,
    requests: MessageHooks,
    /// The one message of a request, as interceptors made it.
    kept: Option<EncodedMessage>,
    /// Whether an interceptor wants to see a message.
    pub(super) is_seen: bool,
}

/// A call before its first interceptor.
pub(super) struct Begun {
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

/// Takes a call apart. The metadata of the response are always wanted: interceptors see the trailers at the end.
pub(super) fn begin<A>(
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
        kept: None,
        terms: Terms {
            received: Some(received),
            trailers_alone: !is_apart,
            ..terms
        },
    };
    (begun, outgoing)
}

impl Begun {
    /// Sees the call through its interceptors, and then to the network by `start`. The time that interceptors take is the
    /// call's.
    pub(super) async fn pass<A, S, W, T>(
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
            let work = start(outgoing.leave(call, hooks, deadline, asked));
            is_sent.store(true, Ordering::Relaxed);
            async {
                let answered = work.await;
                // What interceptors do behind the response is under the deadline again.
                is_sent.store(false, Ordering::Relaxed);
                answered
            }
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
        if let Some(context) = self.call.take_outgoing_context() {
            self.hooks.ends.end_context(context);
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
            kept: self.kept,
            request: Request::from_parts(metadata, self.extensions, self.message),
            terms,
            requests,
        })
    }
}

impl<A: Send> Source for Outgoing<A> {
    fn poll_one(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<EncodedMessage>, Status>> {
        let kept = self.kept.clone();
        Poll::Ready(Ok(kept.or_else(|| (self.encoded)(&self.message))))
    }

    fn keep_one(&mut self, message: EncodedMessage) {
        self.kept = Some(message);
    }
}

impl<A: Message> Inner<A> {
    /// Shows the one message of the request.
    ///
    /// # Errors
    /// That of an interceptor that refuses it.
    pub(super) fn show_one(&mut self) -> Result<Request<EncodedMessage>, Status> {
        let metadata = std::mem::take(self.request.metadata_mut());
        let extensions = std::mem::take(self.request.extensions_mut());
        let message = self.kept.take();
        let message = message.unwrap_or_else(|| EncodedMessage::of(self.request.get_ref()));
        let message = self.requests.show(message)?;
        Ok(Request::from_parts(metadata, extensions, message))
    }
}

impl<A: Message + 'static> Inner<BoxStream<A>> {
    /// Shows the messages of the request as they are sent.
    pub(super) fn show_many(self) -> (Request<BoxStream<EncodedMessage>>, Terms) {
        let mut requests = self.requests;
        let request = self.request.map(|messages| {
            let shown = messages.map(move |message| requests.show(EncodedMessage::of(&message?)));
            shown.boxed()
        });
        (request, self.terms)
    }
}
