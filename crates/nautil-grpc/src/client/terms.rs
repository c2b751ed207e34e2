//! What a call begins with beside its request.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::response_metadata::ResponseMetadata;

/// What a call begins with beside its request.
#[derive(Debug)]
pub(super) struct Terms {
    /// How long it may take from now; nothing where nobody says.
    pub(super) limit: Option<Duration>,
    /// The request id of the call that is being served.
    pub(super) request_id: Option<HeaderValue>,
    /// Metadata of the call that is being served.
    pub(super) metadata: Option<Arc<HeaderMap>>,
    /// Who wants to have the metadata of the response apart.
    pub(super) received: Option<ResponseMetadata>,
    /// Whether those are the trailers alone: interceptors have the headers in another way.
    pub(super) trailers_alone: bool,
}
