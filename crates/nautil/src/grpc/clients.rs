//! The clients that bootloaders declare.

use std::sync::Arc;

use nautil_grpc::client::ClientConfig;
use nautil_grpc::{Method, Service};

use crate::config::Section;
use crate::container::{Container, ResolveError};

/// Every client that bootloaders declared.
#[derive(Debug, Default)]
pub(crate) struct Clients(Vec<ClientEntry>);

/// A declared client.
pub(crate) struct ClientEntry {
    pub(crate) service: &'static str,
    pub(crate) methods: &'static [Method],
    pub(crate) bootloader: &'static str,
    /// The config section, and its variables.
    section: &'static str,
    variables: &'static [(&'static str, &'static str)],
    variable: &'static str,
    config: ReadConfig,
}

type ReadConfig = Box<dyn Fn(&Container) -> Result<ClientConfig, ResolveError> + Send + Sync>;

impl Clients {
    /// Adds the client of a service, which connects as `config` says.
    pub(crate) fn add<I, T>(&mut self, config: fn(&T) -> &ClientConfig, bootloader: &'static str)
    where
        I: Service + ?Sized,
        T: Section,
    {
        self.0.push(ClientEntry {
            service: I::NAME,
            methods: I::METHODS,
            bootloader,
            section: T::NAME,
            variables: T::VARIABLES,
            variable: I::HOST_VARIABLE,
            config: Box::new(move |container| {
                let section: Arc<T> = container.get()?;
                Ok(config(&section).clone())
            }),
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ClientEntry> {
        self.0.iter()
    }
}

impl ClientEntry {
    /// Where its part of the config begins: `clients.currency_rate_service`. It is the part whose host has the service's variable.
    pub(crate) fn prefix(&self) -> String {
        let mut variables = self.variables.iter();
        let host = variables.find(|(_, variable)| *variable == self.variable);
        let part = host.and_then(|(key, _)| key.strip_suffix(".host"));
        part.map_or_else(
            || self.section.to_owned(),
            |part| format!("{}.{part}", self.section),
        )
    }

    /// What its part of the config says.
    ///
    /// # Errors
    /// The section cannot be read.
    pub(crate) fn config(&self, container: &Container) -> Result<ClientConfig, ResolveError> {
        (self.config)(container)
    }
}

impl std::fmt::Debug for ClientEntry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.service)
    }
}
