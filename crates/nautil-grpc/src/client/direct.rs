//! Calls straight to the network, in each of the four kinds.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderMap, HeaderValue};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use super::call::{CallError, ClientCall};
use super::failure::{Callee, Failure, host_not_set};
use super::outgoing::{Outgoing, Source};
use super::request::{Told, head};
use super::response;
use super::send::send;
use super::terms::Terms;
use super::upstream::Upstream;
use crate::call::received;
use crate::codec::{Compressor, Half, encode};
use crate::units::Limit;
use crate::{BoxStream, Method};

/// Calls straight to the network.
#[derive(Debug)]
pub(super) struct Direct {
    pub(super) callee: Arc<Callee>,
    pub(super) deadline: Limit,
    pub(super) stream_deadline: Limit,
    pub(super) max_receive_message: usize,
    pub(super) compressor: Option<Compressor>,
    /// What every request says of it.
    pub(super) encodings: (Option<HeaderValue>, Option<HeaderValue>),
    pub(super) upstream: Option<Upstream>,
}

/// The head of a response and the rest of it, or why there is none.
type Begun<B> = Result<(HeaderMap, response::Response<B>), Status>;

impl Direct {
    pub(super) async fn unary<A, B>(
        &self,
        method: &Method,
        request: Request<A>,
        terms: Terms,
    ) -> Result<Response<B>, Status>
    where
        A: Message,
        B: Message + Default,
    {
        let mut call = self.begin(terms);
        let begun = self.send_one(&mut call, method, request).await;
        self.one(call, begun).await
    }

    pub(super) async fn server_streaming<A, B>(
        &self,
        method: &Method,
        request: Request<A>,
        terms: Terms,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message,
        B: Message + Default + Send + 'static,
    {
        let mut call = self.begin(terms);
        let begun = self.send_one(&mut call, method, request).await;
        self.many(call, begun)
    }

    pub(super) async fn client_streaming<A, B>(
        &self,
        method: &Method,
        request: Request<BoxStream<A>>,
        terms: Terms,
    ) -> Result<Response<B>, Status>
    where
        A: Message + 'static,
        B: Message + Default,
    {
        let mut call = self.begin(terms);
        let begun = self.send_many(&mut call, method, request).await;
        self.one(call, begun).await
    }

    pub(super) async fn streaming<A, B>(
        &self,
        method: &Method,
        request: Request<BoxStream<A>>,
        terms: Terms,
    ) -> Result<Response<BoxStream<B>>, Status>
    where
        A: Message + 'static,
        B: Message + Default + Send + 'static,
    {
        let mut call = self.begin(terms);
        let begun = self.send_many(&mut call, method, request).await;
        self.many(call, begun)
    }

    /// # Errors
    /// There is no host.
    pub(super) fn refuse_nowhere(&self) -> Result<(), Status> {
        match self.upstream {
            Some(_) => Ok(()),
            None => Err(host_not_set(&self.callee)),
        }
    }

    fn begin(&self, terms: Terms) -> ClientCall {
        ClientCall::new(Arc::clone(&self.callee), terms)
    }

    /// The half of a call that sends one message.
    async fn send_one<A: Message, B: Message + Default>(
        &self,
        call: &mut ClientCall,
        method: &Method,
        request: Request<A>,
    ) -> Begun<B> {
        let (metadata, _, message) = request.into_parts();
        let compressor = self.compressor;
        let message = encode(&message, Half::Request, usize::MAX, compressor)
            .map_err(|error| Status::resource_exhausted(error.to_string()))?;
        self.send(call, method, metadata, Outgoing::Message(message))
            .await
    }

    /// The half of a call that sends many.
    async fn send_many<A: Message + 'static, B: Message + Default>(
        &self,
        call: &mut ClientCall,
        method: &Method,
        request: Request<BoxStream<A>>,
    ) -> Begun<B> {
        let (metadata, _, messages) = request.into_parts();
        let (source, stopped) = Source::new(messages, self.compressor);
        call.watch(stopped);
        self.send(call, method, metadata, Outgoing::Stream(Arc::new(source)))
            .await
    }

    async fn send<B: Message + Default>(
        &self,
        call: &mut ClientCall,
        method: &Method,
        metadata: MetadataMap,
        outgoing: Outgoing,
    ) -> Begun<B> {
        let Some(upstream) = &self.upstream else {
            return Err(host_not_set(&self.callee));
        };
        let timeout = call.limit();
        let told = Told {
            timeout,
            request_id: call.take_request_id(),
            metadata: call.take_metadata(),
            encodings: self.encodings.clone(),
        };
        let answer = async {
            let head = head(&upstream.origin, method, metadata, told).map_err(CallError::Local)?;
            send(&upstream.pool, head, &outgoing)
                .await
                .map_err(CallError::Send)
        };
        call.head(self.max_receive_message, answer).await
    }

    /// The half of a call that awaits one message.
    async fn one<B: Message + Default>(
        &self,
        mut call: ClientCall,
        begun: Begun<B>,
    ) -> Result<Response<B>, Status> {
        let ended = match begun {
            Ok((headers, response)) => call
                .message(response)
                .await
                .map(|(message, trailers)| (headers, message, trailers)),
            Err(status) => Err(status),
        };
        self.note(&ended);
        let (mut headers, message, trailers) = ended?;
        headers.extend(trailers);
        let metadata = received(headers);
        Ok(Response::from_parts(
            metadata,
            message,
            Extensions::default(),
        ))
    }

    /// The half of a call that awaits many.
    fn many<B: Message + Default + Send + 'static>(
        &self,
        call: ClientCall,
        begun: Begun<B>,
    ) -> Result<Response<BoxStream<B>>, Status> {
        self.note(&begun);
        let (headers, response) = begun?;
        let metadata = received(headers);
        let messages = call.messages(response);
        Ok(Response::from_parts(
            metadata,
            messages,
            Extensions::default(),
        ))
    }

    /// Remembers that a gRPC server is there, if one answered.
    fn note<T>(&self, result: &Result<T, Status>) {
        let is_answered = match result {
            Ok(_) => true,
            Err(status) => Failure::of(status).is_some_and(Failure::answered),
        };
        if is_answered {
            self.callee.heard.store(true, Ordering::Release);
        }
    }
}
