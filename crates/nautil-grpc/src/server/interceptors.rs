//! What the config and the interceptors say of single methods, before there is a server.

use std::sync::Arc;

use super::config::ServerConfig;
use super::error::Error;
use super::health_methods::health_methods;
use super::method_config::tables;
use crate::interceptor::{Chain, UnknownInterceptor};
use crate::{Calls, Interceptors, Method, MethodPattern, Side};

impl ServerConfig {
    /// Finds what the config says of methods that are not `served`, or of interceptors that there are not, and interceptors that are
    /// for methods which are not served. [`Router::build`](super::Router::build) does so; this is for finding it earlier.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], [`Error::UnknownInterceptor`], [`Error::UnknownCalls`], [`Error::InterceptorTwice`].
    pub fn check_methods(
        &self,
        served: &[&'static Method],
        interceptors: &[(&'static str, &Calls)],
    ) -> Result<(), Error> {
        for pattern in self.methods.keys() {
            if !is_served(pattern, served) {
                return Err(Error::UnknownMethod {
                    pattern: pattern.clone(),
                    served: served.iter().map(ToString::to_string).collect(),
                });
            }
        }
        let mut known = Vec::new();
        for (interceptor, calls) in interceptors {
            if known.contains(interceptor) {
                return Err(Error::InterceptorTwice { name: interceptor });
            }
            known.push(*interceptor);
            // One for both sides may be for what this application only calls.
            if calls.on(Side::Client) {
                continue;
            }
            let mut patterns = calls.patterns().unwrap_or_default().iter();
            if let Some(pattern) = patterns.find(|pattern| !is_served(pattern, served)) {
                return Err(Error::UnknownCalls {
                    interceptor,
                    pattern: pattern.clone(),
                    served: served.iter().map(ToString::to_string).collect(),
                });
            }
        }
        let tables = self.methods.iter().filter_map(|(pattern, table)| {
            let names = table.interceptors.as_ref()?;
            Some((format!("server.methods.\"{pattern}\".interceptors"), names))
        });
        let all = [("server.interceptors".to_owned(), &self.interceptors)];
        for (key, names) in all.into_iter().chain(tables) {
            let twice = names.iter().enumerate();
            let mut twice = twice.filter(|(index, name)| names[..*index].contains(name));
            if let Some((_, name)) = twice.next() {
                let name = name.clone();
                return Err(Error::NamedTwice { key, name });
            }
            if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
                return Err(Error::UnknownInterceptor {
                    key,
                    name: name.clone(),
                    known: known.iter().map(|&known| known.to_owned()).collect(),
                });
            }
        }
        Ok(())
    }

    /// The names of the interceptors that calls of a method pass through, in order, where these are declared.
    #[must_use]
    pub fn interceptors_of<'a>(
        &'a self,
        method: &Method,
        declared: &[(&'static str, &Calls)],
    ) -> Vec<&'a str> {
        let mut tables = tables(&self.methods, method.service(), Some(method.name()));
        if let Some(names) = tables.find_map(|table| table.interceptors.as_ref()) {
            return names.iter().map(String::as_str).collect();
        }
        // What is for all methods of the application does not stop a probe.
        let is_own = !health_methods().contains(&method);
        let mut own: Vec<&str> = Vec::new();
        for (name, calls) in declared {
            let is_named = || self.interceptors.iter().any(|one| one == name);
            let is_for_it = calls.have(Side::Server, method) && (is_own || calls.name(method));
            if is_for_it
                || (is_own && calls.on(Side::Server) && calls.is_configured() && is_named())
            {
                own.push(name);
            }
        }
        let place = |name: &str| self.interceptors.iter().position(|one| one == name);
        // The sort is stable: those that the config does not name stay in their order, behind the others.
        own.sort_by_key(|name| place(name).unwrap_or(self.interceptors.len()));
        own
    }
}

/// The chain of a method that is served; nothing where it has none.
///
/// # Errors
/// The config names an interceptor that there is not.
pub(super) fn chain(
    interceptors: &Interceptors,
    config: &ServerConfig,
    method: &Method,
) -> Result<Option<Arc<Chain>>, UnknownInterceptor> {
    let declared: Vec<_> = interceptors.iter().collect();
    interceptors.chain(config.interceptors_of(method, &declared))
}

fn is_served(pattern: &MethodPattern, served: &[&'static Method]) -> bool {
    served.iter().any(|method| pattern.matches(method))
}
