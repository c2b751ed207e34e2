//! Details of a status that are messages of one's own.

use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

/// Details of a status that are messages of one's own: a `google.rpc.Status` with a `google.protobuf.Any` for each, which clients of
/// every language read. For those that Google defines, [`StatusExt`](crate::StatusExt) has a type.
///
/// ```
/// # use nautil_grpc::prost::Name;
/// use nautil_grpc::{Code, Status, StatusDetails};
///
/// # /// As the generator writes it.
/// # #[derive(Clone, PartialEq, nautil_grpc::prost::Message)]
/// # #[prost(prost_path = "::nautil_grpc::prost")]
/// # struct QuotaExceeded {
/// #     #[prost(uint32, tag = "1")]
/// #     limit: u32,
/// # }
/// # impl Name for QuotaExceeded {
/// #     const NAME: &'static str = "QuotaExceeded";
/// #     const PACKAGE: &'static str = "rates.v1";
/// # }
/// // The server, with a message that a contract defines:
/// let status = Status::resource_exhausted("the quota is used up")
///     .with_detail(&QuotaExceeded { limit: 100 });
///
/// // The client:
/// let exceeded: QuotaExceeded = status.detail().unwrap();
/// assert_eq!(exceeded.limit, 100);
/// ```
pub trait StatusDetails: Sized {
    /// This status, with one more detail.
    #[must_use]
    fn with_detail<M: Message + Name>(self, detail: &M) -> Self;

    /// The same with details that are packed already.
    #[must_use]
    fn with_details_of(self, details: impl IntoIterator<Item = Any>) -> Self;

    /// The first detail of this type; nothing where there is none, or where it cannot be read.
    fn detail<M: Message + Name + Default>(&self) -> Option<M>;

    /// All of them, packed.
    fn packed_details(&self) -> Vec<Any>;
}

impl StatusDetails for Status {
    fn with_detail<M: Message + Name>(self, detail: &M) -> Self {
        self.with_details_of([Any {
            type_url: M::type_url(),
            value: detail.encode_to_vec(),
        }])
    }

    fn with_details_of(self, details: impl IntoIterator<Item = Any>) -> Self {
        let mut all = self.packed_details();
        all.extend(details);
        let status = pb::Status {
            code: self.code() as i32,
            message: self.message().to_owned(),
            details: all,
        };
        let encoded = status.encode_to_vec().into();
        let (code, message) = (self.code(), self.message().to_owned());
        Self::with_details_and_metadata(code, message, encoded, self.metadata().clone())
    }

    fn detail<M: Message + Name + Default>(&self) -> Option<M> {
        let details = self.packed_details();
        details.into_iter().find_map(|detail| detail.to_msg().ok())
    }

    fn packed_details(&self) -> Vec<Any> {
        if self.code() == Code::Ok || self.details().is_empty() {
            return Vec::new();
        }
        let status = pb::Status::decode(self.details());
        status.map_or_else(|_| Vec::new(), |status| status.details)
    }
}
