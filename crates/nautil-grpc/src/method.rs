//! What a contract states about a method.

use std::fmt;
use std::hash::{Hash, Hasher};

use prost_reflect::MethodDescriptor;

use crate::descriptors;

/// A method of a service, as its contract states it. The generator makes one for each.
///
/// ```
/// use nautil_grpc::{Idempotency, Method, MethodKind};
///
/// static GET_RATE: Method = Method::new("/currency.CurrencyRateService/GetRate", MethodKind::Unary)
///     .with_idempotency(Idempotency::NoSideEffects);
///
/// assert_eq!(GET_RATE.service(), "currency.CurrencyRateService");
/// assert_eq!(GET_RATE.name(), "GetRate");
/// ```
#[derive(Clone, Copy)]
pub struct Method {
    path: &'static str,
    /// Where the name of the service ends and that of the method begins: at the second slash.
    slash: usize,
    kind: MethodKind,
    idempotency: Idempotency,
    is_deprecated: bool,
    options: &'static [u8],
    descriptor_set: &'static [u8],
}

/// How many messages go each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One message in, one out.
    Unary,
    /// One message in, a stream out.
    ServerStreaming,
    /// A stream in, one message out.
    ClientStreaming,
    /// A stream in, a stream out.
    Streaming,
}

/// What calling a method twice does, by the option `idempotency_level` of the contract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// The contract does not say.
    #[default]
    Unknown,
    /// A call changes nothing.
    NoSideEffects,
    /// A second call has the effect of the first.
    Idempotent,
}

impl Method {
    /// The method of this path, `/<service>/<method>`.
    ///
    /// # Panics
    /// The path has another shape.
    #[must_use]
    pub const fn new(path: &'static str, kind: MethodKind) -> Self {
        let bytes = path.as_bytes();
        assert!(
            !bytes.is_empty() && bytes[0] == b'/',
            "a path begins with a slash"
        );
        let mut slash = 1;
        while slash < bytes.len() && bytes[slash] != b'/' {
            slash += 1;
        }
        assert!(
            slash > 1 && slash + 1 < bytes.len(),
            "a path is that of a service, a slash and a method"
        );
        Self {
            path,
            slash,
            kind,
            idempotency: Idempotency::Unknown,
            is_deprecated: false,
            options: &[],
            descriptor_set: &[],
        }
    }

    /// Says what calling it twice does.
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Says that the contract advises against it.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.is_deprecated = true;
        self
    }

    /// Gives it the options of the contract: an encoded `google.protobuf.MethodOptions`.
    #[must_use]
    pub const fn with_options(mut self, encoded: &'static [u8]) -> Self {
        self.options = encoded;
        self
    }

    /// Names the contracts that it is of: an encoded `google.protobuf.FileDescriptorSet`.
    #[must_use]
    pub const fn with_descriptor_set(mut self, encoded: &'static [u8]) -> Self {
        self.descriptor_set = encoded;
        self
    }

    /// What the contracts say of it and of its messages; nothing where nobody named them, or where they do not have it.
    #[must_use]
    pub fn descriptor(&self) -> Option<MethodDescriptor> {
        let pool = descriptors::pool(self.descriptor_set)?;
        let service = pool.get_service_by_name(self.service())?;
        service
            .methods()
            .find(|method| method.name() == self.name())
    }

    /// The path of a request: `/currency.CurrencyRateService/GetRate`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The full protobuf name of its service: `currency.CurrencyRateService`.
    #[must_use]
    pub fn service(&self) -> &'static str {
        &self.path[1..self.slash]
    }

    /// Its own name: `GetRate`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        &self.path[self.slash + 1..]
    }

    /// How many messages go each way.
    #[must_use]
    pub const fn kind(&self) -> MethodKind {
        self.kind
    }

    /// What calling it twice does.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether the contract advises against it.
    #[must_use]
    pub const fn is_deprecated(&self) -> bool {
        self.is_deprecated
    }

    /// The options of the contract, those of one's own included, as an encoded `google.protobuf.MethodOptions`. Empty where
    /// there are none.
    #[must_use]
    pub const fn options(&self) -> &'static [u8] {
        self.options
    }
}

impl MethodKind {
    /// Whether the request is a stream.
    #[must_use]
    pub const fn has_request_stream(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::Streaming)
    }

    /// Whether the response is a stream.
    #[must_use]
    pub const fn has_response_stream(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::Streaming)
    }
}

/// Methods are the same where their paths are: one contract cannot have two of a path.
impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Method {}

impl Hash for Method {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl fmt::Display for MethodKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unary => "unary",
            Self::ServerStreaming => "server streaming",
            Self::ClientStreaming => "client streaming",
            Self::Streaming => "bidirectional streaming",
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.path[1..])
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Method({self})")
    }
}
