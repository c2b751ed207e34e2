//! What holds for the calls of one method: the config of all, with what its tables in `server.methods` say otherwise.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::config::ServerConfig;
use super::method_config::{CompressionConfig, DeadlineConfig, tables};
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
    deadline: DeadlineConfig,
    compression: CompressionConfig,
}

impl Policy {
    pub(super) fn of(method: &Method, config: &ServerConfig) -> Self {
        let tables = tables(&config.methods, method.service(), Some(method.name()));
        Self {
            receive: config.limits.max_receive_message,
            send: config.limits.max_send_message,
            deadline: config.deadline.with(tables.clone()),
            compression: config.compression.with(tables),
        }
    }

    /// By what requests may be compressed.
    pub(super) fn accepted(&self) -> Encodings {
        self.compression.accept
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
