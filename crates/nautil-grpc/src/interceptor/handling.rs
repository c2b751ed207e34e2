//! What both sides put behind the last interceptor: work that begins once the call gets there.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use http::Extensions;
use pin_project_lite::pin_project;
use tonic::{Response, Status};

use super::call::InterceptedCall;
use super::chain::Chain;
use super::hooks::Hooks;
use super::next::Terminal;
use crate::EncodedMessage;

/// What the work takes its request from.
pub(crate) trait Source: Send {
    /// The one message of the request, kept for the work; nothing where the request is a stream.
    fn poll_one(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<EncodedMessage>, Status>>;

    /// Keeps what interceptors made of it.
    fn keep_one(&mut self, message: EncodedMessage);
}

/// A response up to its head, by whoever gave it.
pub(crate) enum Answer<T> {
    Work(Response<T>),
    Interceptor(Response<Vec<EncodedMessage>>),
}

pin_project! {
    struct Handling<I, S, W, T> {
        source: Option<I>,
        start: Option<S>,
        #[pin]
        work: Option<W>,
        response: Option<(T, Extensions)>,
    }
}

impl Chain {
    /// Sees a call through, up to the head of its response. `start` begins the work that is behind the last interceptor.
    pub(crate) async fn pass<I, S, W, T>(
        &self,
        call: &mut InterceptedCall,
        hooks: &mut Hooks,
        source: I,
        start: S,
    ) -> Result<Answer<T>, Status>
    where
        I: Source,
        S: FnOnce(I, &mut InterceptedCall, &mut Hooks) -> W + Send,
        W: Future<Output = Result<Response<T>, Status>> + Send,
        T: Send,
    {
        let mut handling = pin!(Handling {
            source: Some(source),
            start: Some(start),
            work: None,
            response: None,
        });
        self.run(call, hooks, handling.as_mut()).await?;
        let metadata = call.take_response_metadata();
        if let Some(messages) = call.take_answer()? {
            let response = Response::from_parts(metadata, messages, Extensions::new());
            return Ok(Answer::Interceptor(response));
        }
        let response = handling.project().response.take();
        let (message, extensions) = response.expect("a call without a response is refused");
        let response = Response::from_parts(metadata, message, extensions);
        Ok(Answer::Work(response))
    }
}

impl<I, S, W, T> Terminal for Handling<I, S, W, T>
where
    I: Source,
    S: FnOnce(I, &mut InterceptedCall, &mut Hooks) -> W + Send,
    W: Future<Output = Result<Response<T>, Status>> + Send,
    T: Send,
{
    fn poll_request(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<EncodedMessage>, Status>> {
        match self.project().source {
            Some(source) => source.poll_one(context),
            None => Poll::Ready(Ok(None)),
        }
    }

    fn keep_request(self: Pin<&mut Self>, message: EncodedMessage) {
        if let Some(source) = self.project().source {
            source.keep_one(message);
        }
    }

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        call: &mut InterceptedCall,
        hooks: &mut Hooks,
    ) -> Poll<Result<(), Status>> {
        let mut this = self.project();
        if let (Some(source), Some(start)) = (this.source.take(), this.start.take()) {
            this.work.set(Some(start(source, call, hooks)));
        }
        let work = this.work.as_mut().as_pin_mut();
        let work = work.expect("the work begins with the first poll");
        let response = ready!(work.poll(context))?;
        let (metadata, message, extensions) = response.into_parts();
        *this.response = Some((message, extensions));
        call.answered(metadata);
        Poll::Ready(Ok(()))
    }
}
