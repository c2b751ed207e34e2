//! A method that is served, with all that holds for its calls.

use std::sync::Arc;

use super::config::ServerConfig;
use super::interceptors::chain;
use super::metadata_name::MetadataName;
use super::meter::MethodId;
use super::policy::Policy;
use crate::interceptor::Chain;
use crate::{Interceptors, Method, UnknownInterceptor};

/// A method that is served, with all that holds for its calls.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) method: &'static Method,
    pub(super) id: MethodId,
    pub(super) policy: Policy,
    /// What calls pass through; nothing where that is nothing.
    pub(super) chain: Option<Arc<Chain>>,
    /// The metadata that outgoing calls take over.
    pub(super) propagate: Box<[MetadataName]>,
}

impl Served {
    /// # Errors
    /// The config names an interceptor that there is not.
    pub(super) fn new(
        method: &'static Method,
        id: MethodId,
        config: &ServerConfig,
        interceptors: &Interceptors,
    ) -> Result<Self, UnknownInterceptor> {
        Ok(Self {
            method,
            id,
            policy: Policy::of(method, config),
            chain: chain(interceptors, config, method)?,
            propagate: config.propagate.as_slice().into(),
        })
    }
}
