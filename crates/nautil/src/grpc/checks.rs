//! What config and bootloaders say of methods, held against the methods that there are.

use nautil_grpc::server::{self, ServerConfig, health_methods};
use nautil_grpc::{Method, MethodPattern, Side};

use super::{Clients, Interceptors, Services};
use crate::bootloader::BoxError;
use crate::container::Container;
use crate::suggest;

/// What the application says of methods or interceptors that there are not.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error(transparent)]
    Server(server::Error),
    #[error("{error}; did you mean `{nearest}`?")]
    Nearly {
        error: server::Error,
        nearest: String,
    },
    #[error(
        "the interceptor `{interceptor}` of bootloader `{bootloader}` is for `{pattern}`, which no client calls{}",
        .nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default()
    )]
    Calls {
        interceptor: &'static str,
        bootloader: &'static str,
        pattern: MethodPattern,
        nearest: Option<String>,
    },
    #[error(
        "the config of the client of `{service}` names the interceptor `{name}`, which is not one for the calls of clients; {}",
        match .known.as_slice() {
            [] => "there are none".to_owned(),
            known => format!("there are {}", known.join(", ")),
        }
    )]
    ClientInterceptor {
        service: &'static str,
        name: String,
        known: Vec<&'static str>,
    },
}

/// Checks what is said of the methods that are served.
///
/// # Errors
/// The first fault.
pub(crate) fn server(
    services: &Services,
    interceptors: &Interceptors,
    config: &ServerConfig,
) -> Result<(), BoxError> {
    let served = served(services);
    let error = match config.check_methods(&served, &interceptors.on(Side::Server)) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let nearest = match &error {
        server::Error::UnknownMethod { pattern, served }
        | server::Error::UnknownCalls {
            pattern, served, ..
        } => nearest(&pattern.to_string(), served),
        server::Error::UnknownInterceptor { name, known, .. } => nearest(name, known),
        _ => None,
    };
    Err(match nearest {
        Some(nearest) => Unknown::Nearly { error, nearest },
        None => Unknown::Server(error),
    }
    .into())
}

/// Checks what is said of the methods that clients call.
///
/// # Errors
/// The first fault.
pub(crate) fn clients(
    services: &Services,
    clients: &Clients,
    interceptors: &Interceptors,
    container: &Container,
) -> Result<(), BoxError> {
    let mut called: Vec<&'static Method> =
        clients.iter().flat_map(|client| client.methods).collect();
    for client in clients.iter() {
        let known = interceptors.on(Side::Client);
        let named = client.config(container)?.interceptors.unwrap_or_default();
        let is_known = |name: &String| known.iter().any(|(known, _)| known == name);
        if let Some(name) = named.into_iter().find(|name| !is_known(name)) {
            return Err(Unknown::ClientInterceptor {
                service: client.service,
                name,
                known: known.into_iter().map(|(known, _)| known).collect(),
            }
            .into());
        }
    }
    // One for both sides may be for what is only served.
    called.extend(served(services));
    for entry in interceptors
        .iter()
        .filter(|entry| entry.calls.on(Side::Client))
    {
        let mut patterns = entry.calls.patterns().unwrap_or_default().iter();
        let is_called = |pattern: &MethodPattern| called.iter().any(|one| pattern.matches(one));
        if let Some(pattern) = patterns.find(|pattern| !is_called(pattern)) {
            let called: Vec<_> = called.iter().map(ToString::to_string).collect();
            return Err(Unknown::Calls {
                interceptor: entry.name,
                bootloader: entry.bootloader,
                pattern: pattern.clone(),
                nearest: nearest(&pattern.to_string(), &called),
            }
            .into());
        }
    }
    Ok(())
}

fn served(services: &Services) -> Vec<&'static Method> {
    let own = services.iter().flat_map(|service| service.methods);
    own.chain(health_methods()).collect()
}

fn nearest(name: &str, known: &[String]) -> Option<String> {
    let known = known.iter().map(String::as_str);
    suggest::nearest(name, known).map(str::to_owned)
}
