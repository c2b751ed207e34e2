//! Both metadata of a response, for a caller who wants to have them apart.

use std::sync::Arc;

use http::HeaderMap;
use parking_lot::Mutex;
use tonic::Request;
use tonic::metadata::MetadataMap;

use crate::call::received;

/// Both metadata of a response: those in its head, and those behind its last message, as soon as each is there. They are there
/// for a call that failed, too.
///
/// Without it, those behind the last message are put to those of the head where the response is one message, and are not to be had
/// of a stream; and the head of a call that failed is not to be had.
///
/// ```
/// # use nautil_grpc::{Channel, Method, MethodKind, Request, Response, Status};
/// use nautil_grpc::client::ResponseMetadata;
///
/// # static LIST: Method = Method::new("/rates.Rates/List", MethodKind::ServerStreaming);
/// # async fn list(channel: &Channel) -> Result<(), Status> {
/// use futures_util::StreamExt;
///
/// let mut request = Request::new(());
/// let metadata = ResponseMetadata::of(&mut request);
/// # let response: Response<nautil_grpc::BoxStream<()>> = channel.server_streaming(&LIST, request).await?;
/// // let response = client.list(request).await?;
/// let mut rates = response.into_inner();
/// while let Some(rate) = rates.next().await.transpose()? {
///     drop(rate);
/// }
/// let source = metadata.trailers().and_then(|trailers| trailers.get("x-source").cloned());
/// # drop(source);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ResponseMetadata(Arc<Mutex<Both>>);

#[derive(Debug, Default)]
struct Both {
    headers: Option<HeaderMap>,
    trailers: Option<HeaderMap>,
}

impl ResponseMetadata {
    /// Those of the call that this request is for.
    pub fn of<T>(request: &mut Request<T>) -> Self {
        let metadata = Self::default();
        request.extensions_mut().insert(metadata.clone());
        metadata
    }

    /// The metadata in the head; nothing before it, or where there was none.
    #[must_use]
    pub fn headers(&self) -> Option<MetadataMap> {
        let headers = self.0.lock().headers.clone();
        headers.map(received)
    }

    /// The metadata behind the last message; nothing before the end of the response, or where that never came.
    #[must_use]
    pub fn trailers(&self) -> Option<MetadataMap> {
        let trailers = self.0.lock().trailers.clone();
        trailers.map(received)
    }

    /// The trailers, for whoever puts them back.
    pub(super) fn take_trailers(&self) -> Option<HeaderMap> {
        self.0.lock().trailers.take()
    }

    pub(super) fn set_headers(&self, headers: HeaderMap) {
        self.0.lock().headers = Some(headers);
    }

    pub(super) fn set_trailers(&self, trailers: HeaderMap) {
        self.0.lock().trailers = Some(trailers);
    }
}
