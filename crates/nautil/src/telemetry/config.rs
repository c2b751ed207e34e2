//! Section `telemetry`.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::config::{Invalid, Section};

/// `config/telemetry.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Which log lines are written: a level, or directives such as `info,hyper=warn`. The flags `-q`, `-v` and `-vv` take its
    /// place.
    pub filter: String,
    /// The form of a log line.
    pub format: Format,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One line of text, for people.
    Text,
    /// Several lines of text, for people who develop: with the spans around the event, its place in the source, and how long each
    /// span took.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            filter: "info".to_owned(),
            format: Format::Text,
        }
    }
}

impl Section for TelemetryConfig {
    const NAME: &'static str = "telemetry";

    fn check(&self) -> Vec<Invalid> {
        let refused = EnvFilter::try_new(&self.filter).is_err();
        let invalid = refused.then(|| Invalid {
            key: "filter",
            expected: "a level (error, warn, info, debug, trace) or directives such as \"info,hyper=warn\"".to_owned(),
        });
        invalid.into_iter().collect()
    }
}
