//! Methods by their names, as config files and declarations name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Method;

/// One method or more: one (`currency.CurrencyRateService/GetRate`), or all of a service
/// (`currency.CurrencyRateService/*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodPattern {
    service: String,
    /// Nothing for all of them.
    method: Option<String>,
}

/// A text that is no [`MethodPattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `<package>.<Service>/<Method>`, or `<package>.<Service>/*` for all of its methods"
)]
pub struct MethodPatternError;

impl MethodPattern {
    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The name of the method; nothing where all of the service's are meant.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// Whether it is just for this method, or where that is nothing, for all of this service.
    pub(crate) fn is(&self, service: &str, method: Option<&str>) -> bool {
        self.service == service && self.method.as_deref() == method
    }

    /// Whether this method is among them.
    #[must_use]
    pub fn matches(&self, method: &Method) -> bool {
        let is_method = |name: &String| name == method.name();
        self.service == method.service() && self.method.as_ref().is_none_or(is_method)
    }
}

impl FromStr for MethodPattern {
    type Err = MethodPatternError;

    fn from_str(text: &str) -> Result<Self, MethodPatternError> {
        let (service, method) = text.split_once('/').ok_or(MethodPatternError)?;
        let is_name = |name: &str, is_more: fn(char) -> bool| {
            let mut characters = name.chars();
            let begins = |first: char| first.is_ascii_alphabetic() || first == '_';
            characters.next().is_some_and(begins)
                && characters.all(|one| one.is_ascii_alphanumeric() || one == '_' || is_more(one))
        };
        if !is_name(service, |one| one == '.') || (method != "*" && !is_name(method, |_| false)) {
            return Err(MethodPatternError);
        }
        Ok(Self {
            service: service.to_owned(),
            method: (method != "*").then(|| method.to_owned()),
        })
    }
}

impl fmt::Display for MethodPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_deref().unwrap_or("*");
        write!(formatter, "{}/{method}", self.service)
    }
}

impl Serialize for MethodPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MethodPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
