//! Calls that pass through interceptors before they go to the network, in each of the four kinds.
//!
//! Messages stay what the caller's types are, unless an interceptor wants to see them.
//!
//! ```text
//! mod (the kind) -> begun (the interceptors) -> the network -> passed (what the caller has of it)
//! ```

mod begun;
mod passed;

use prost::Message;
use tonic::{Request, Response, Status};

use self::begun::begin;
use self::passed::{Many, One};
use super::direct::Direct;
use super::terms::Terms;
use crate::interceptor::Chain;
use crate::{BoxStream, EncodedMessage, Method};

pub(in crate::client) async fn unary<A, B>(
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

pub(in crate::client) async fn server_streaming<A, B>(
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

pub(in crate::client) async fn client_streaming<A, B>(
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

pub(in crate::client) async fn streaming<A, B>(
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
