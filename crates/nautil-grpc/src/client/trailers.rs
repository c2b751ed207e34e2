//! The metadata behind the last message, for a caller who wants to have them apart.

use std::sync::Arc;

use http::HeaderMap;
use parking_lot::Mutex;
use tonic::Request;
use tonic::metadata::MetadataMap;

/// The metadata behind the last message of a response, once they are there.
///
/// Without it, the trailers of a response of one message are put to those of its head, and those of a stream are not to be had. A status of a
/// call that failed has them in any case.
///
/// ```
/// # use nautil_grpc::{Channel, Method, MethodKind, Request, Response, Status};
/// use nautil_grpc::client::Trailers;
///
/// # static LIST: Method = Method::new("/rates.Rates/List", MethodKind::ServerStreaming);
/// # async fn list(channel: &Channel) -> Result<(), Status> {
/// use futures_util::StreamExt;
///
/// let mut request = Request::new(());
/// let trailers = Trailers::of(&mut request);
/// # let response: Response<nautil_grpc::BoxStream<()>> = channel.server_streaming(&LIST, request).await?;
/// // let response = client.list(request).await?;
/// let mut rates = response.into_inner();
/// while let Some(rate) = rates.next().await.transpose()? {
///     drop(rate);
/// }
/// let source = trailers.get().and_then(|trailers| trailers.get("x-source").cloned());
/// # drop(source);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Trailers(Arc<Mutex<Option<HeaderMap>>>);

impl Trailers {
    /// Those of the call that this request is for.
    pub fn of<T>(request: &mut Request<T>) -> Self {
        let trailers = Self::default();
        request.extensions_mut().insert(trailers.clone());
        trailers
    }

    /// The metadata; nothing before the end of the response, or where that never came.
    #[must_use]
    pub fn get(&self) -> Option<MetadataMap> {
        let trailers = self.0.lock().clone();
        trailers.map(MetadataMap::from_headers)
    }

    pub(super) fn set(&self, trailers: HeaderMap) {
        *self.0.lock() = Some(trailers);
    }
}
