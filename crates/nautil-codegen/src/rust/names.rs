//! What the client of each service is called: its types, its field in the config, its environment variable.

use std::collections::BTreeMap;

use heck::{ToShoutySnakeCase, ToSnakeCase};
use prost_build::{Module, Service};
use quote::format_ident;
use syn::Ident;

use super::parse;
use crate::{Error, Runtime};

/// The names that belong to one service.
#[derive(Debug)]
pub(crate) struct Client {
    /// The full name in protobuf: `currency.CurrencyRateService`.
    pub(crate) service: String,
    /// The module of its package.
    pub(crate) module: Module,
    /// `CurrencyRateServiceInterface`.
    pub(crate) interface: Ident,
    /// `CurrencyRateServiceClient`.
    pub(crate) client: Ident,
    /// The key in the section `clients`: `currency_rate_service`.
    pub(crate) key: String,
    /// The key as a field.
    pub(crate) field: Ident,
    /// `CURRENCY_RATE_SERVICE_HOST`.
    pub(crate) variable: String,
}

impl Client {
    /// The path of the module, from `generated/`.
    pub(crate) fn path(&self) -> Result<Vec<Ident>, Error> {
        self.module
            .parts()
            .map(|part| parse(part, &self.service))
            .collect()
    }
}

/// The names of each service, in the same order.
///
/// Services that have one name in different packages all get their package before it.
pub(crate) fn clients(services: &[Service], runtime: Runtime) -> Result<Vec<Client>, Error> {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for service in services {
        *uses.entry(service.proto_name.to_snake_case()).or_default() += 1;
    }
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut clients = Vec::with_capacity(services.len());
    for service in services {
        let client = client(
            service,
            uses.get(&service.proto_name.to_snake_case()) > Some(&1),
        )?;
        if let Some(other) = taken.insert(client.key.clone(), client.service.clone()) {
            let name = match runtime {
                Runtime::Nautil => format!("clients.{}", client.key),
                Runtime::NautilGrpc => client.variable,
            };
            let (first, second) = (
                format!("service `{other}`"),
                format!("service `{}`", client.service),
            );
            return Err(Error::Collision {
                name,
                first,
                second,
            });
        }
        clients.push(client);
    }
    Ok(clients)
}

fn client(service: &Service, shared: bool) -> Result<Client, Error> {
    let full = if service.package.is_empty() {
        service.proto_name.clone()
    } else {
        format!("{}.{}", service.package, service.proto_name)
    };
    let key = if shared {
        full.to_snake_case()
    } else {
        service.proto_name.to_snake_case()
    };
    // `Self` is `Self_` to prost-build; with a suffix it needs no escape.
    let name = service.name.trim_end_matches('_');
    Ok(Client {
        module: Module::from_protobuf_package_name(&service.package),
        interface: parse(&format!("{name}Interface"), &full)?,
        client: parse(&format!("{name}Client"), &full)?,
        field: ident(&key),
        variable: format!("{}_HOST", key.to_shouty_snake_case()),
        service: full,
        key,
    })
}

/// A name as an identifier: raw where it is a keyword.
fn ident(name: &str) -> Ident {
    syn::parse_str(name)
        .or_else(|_| syn::parse_str(&format!("r#{name}")))
        // The few words that cannot be raw (`self`, `crate`), and names that start with a digit.
        .unwrap_or_else(|_| format_ident!("_{name}"))
}
