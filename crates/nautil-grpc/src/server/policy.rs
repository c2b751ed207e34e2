//! What holds for the calls of one method: the config of all, with what its tables in `server.methods` say otherwise.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::config::ServerConfig;
use super::method_config::{CompressionConfig, DeadlineConfig, MethodConfig};
use crate::call::{TimeoutFault, parse_timeout};
use crate::codec::{Compressor, GRPC_ACCEPT_ENCODING};
use crate::{Encodings, Method};

/// What holds for the calls of one method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    /// The largest message of a request, in bytes.
    pub(super) receive: usize,
    /// The largest message of a response, in bytes.
    pub(super) send: usize,
    /// By what requests may be compressed.
    pub(super) accept: Encodings,
    deadline: DeadlineConfig,
    compression: CompressionConfig,
}

impl Policy {
    pub(super) fn of(method: &Method, config: &ServerConfig) -> Self {
        let exactly = Some(method.name());
        let tables = [exactly, None].map(|method_name| {
            config
                .methods
                .iter()
                .find(|(pattern, _)| pattern.is(method.service(), method_name))
        });
        let tables = tables.into_iter().flatten().map(|(_, table)| table);
        let encodings = |key: fn(&MethodConfig) -> Option<Encodings>| tables.clone().find_map(key);
        let of_all = config.compression;
        Self {
            receive: config.limits.max_receive_message,
            send: config.limits.max_send_message,
            accept: encodings(|table| table.compression.accept).unwrap_or(of_all.accept),
            compression: CompressionConfig {
                send: encodings(|table| table.compression.send).unwrap_or(of_all.send),
                ..of_all
            },
            deadline: config
                .deadline
                .of_method(method.service(), exactly, &config.methods),
        }
    }

    /// How a response is compressed whose request has these headers.
    pub(super) fn compressor(&self, headers: &HeaderMap) -> Option<Compressor> {
        if self.compression.send.is_empty() {
            return None;
        }
        let accepted = headers.get(GRPC_ACCEPT_ENCODING)?.to_str().ok()?;
        Some(Compressor {
            encoding: self.compression.send.first_of(accepted)?,
            least: self.compression.least,
        })
    }

    /// When a call that begins now has to be over; nothing where nobody says.
    ///
    /// # Errors
    /// The client set a deadline that cannot be read.
    pub(super) fn deadline(&self, headers: &HeaderMap) -> Result<Option<Instant>, TimeoutFault> {
        let asked = parse_timeout(headers)?;
        let DeadlineConfig { default, maximum } = self.deadline;
        let limit = match (asked.or(default.0), maximum.0) {
            (Some(limit), Some(maximum)) => limit.min(maximum),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => return Ok(None),
        };
        Ok(Some(Instant::now() + limit.min(FAR)))
    }
}

/// Thirty years: later is never, and an `Instant` is not asked for more than it can hold.
const FAR: Duration = Duration::from_secs(30 * 31_557_600);
