//! How long calls may take, and what holds for single methods: the tables of `server.methods`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::Limit;
use crate::units::{MAX_MESSAGE, size};
use crate::{Encodings, MethodPattern};

/// How long calls may take. In text, durations have their unit (`"10s"`); `"none"` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadlineConfig {
    /// How long a call may take whose client sets no deadline. Default `"none"`.
    pub default: Limit,
    /// How long a call may take at most, whatever deadline its client sets. Default `"none"`.
    pub maximum: Limit,
}

/// What holds for some methods in place of what holds for all. What is left out is as for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodConfig {
    /// How long calls may take.
    pub deadline: MethodDeadline,
    /// How messages are compressed.
    pub compression: MethodCompression,
    /// The names of the interceptors that calls pass through, in this order, and of no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interceptors: Option<Vec<String>>,
}

/// How messages are compressed. In text, encodings are lists of names: `["zstd", "gzip"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionConfig {
    /// By what requests may be compressed. Default all of `gzip`, `zstd`, `deflate`.
    pub accept: Encodings,
    /// By what responses are compressed: the first of these that the client takes. Default none.
    pub send: Encodings,
    /// The smallest message of a response that is compressed. Default 1 KiB.
    #[serde(
        serialize_with = "size::serialize",
        deserialize_with = "size::at_most::<MAX_MESSAGE, _, _>"
    )]
    pub least: usize,
}

/// How messages of some methods are compressed. What is left out is as for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodCompression {
    /// By what requests may be compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Encodings>,
    /// By what responses are compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<Encodings>,
}

impl Default for CompressionConfig {
    fn default() -> Self {
        Self {
            accept: Encodings::ALL,
            send: Encodings::NONE,
            least: 1 << 10,
        }
    }
}

/// How long calls of some methods may take. What is left out is as for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MethodDeadline {
    /// How long a call may take whose client sets no deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Limit>,
    /// How long a call may take at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Limit>,
}

/// The tables of `server.methods`, by what they are for.
pub type Methods = BTreeMap<MethodPattern, MethodConfig>;

impl DeadlineConfig {
    /// What holds for the methods of a pattern where this holds for all.
    #[must_use]
    pub fn of(self, pattern: &MethodPattern, methods: &Methods) -> Self {
        self.with(tables(methods, pattern.service(), pattern.method()))
    }

    /// This, with what the first of the tables that states it says otherwise.
    pub(super) fn with<'a>(self, tables: impl Iterator<Item = &'a MethodConfig> + Clone) -> Self {
        let deadlines = tables.map(|table| table.deadline);
        let (default, maximum) = (
            deadlines.clone().find_map(|table| table.default),
            deadlines.clone().find_map(|table| table.maximum),
        );
        Self {
            default: default.unwrap_or(self.default),
            maximum: maximum.unwrap_or(self.maximum),
        }
    }
}

impl CompressionConfig {
    /// This, with what the first of the tables that states it says otherwise.
    pub(super) fn with<'a>(self, tables: impl Iterator<Item = &'a MethodConfig> + Clone) -> Self {
        let compressions = tables.map(|table| table.compression);
        let (accept, send) = (
            compressions.clone().find_map(|table| table.accept),
            compressions.clone().find_map(|table| table.send),
        );
        Self {
            accept: accept.unwrap_or(self.accept),
            send: send.unwrap_or(self.send),
            least: self.least,
        }
    }
}

/// The tables for a method, or where that is nothing, for all of a service: the method's own comes first.
pub(super) fn tables<'a>(
    methods: &'a Methods,
    service: &str,
    method: Option<&str>,
) -> impl Iterator<Item = &'a MethodConfig> + Clone + use<'a> {
    let table = |method| {
        let mut tables = methods.iter();
        tables.find(|(pattern, _)| pattern.is(service, method))
    };
    let own = method.and_then(|method| table(Some(method)));
    own.into_iter().chain(table(None)).map(|(_, table)| table)
}
