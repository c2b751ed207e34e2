//! What the server says about itself in numbers, as OpenMetrics text. `docs/metrics.md` lists them.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

use super::admission::{Admission, Refused};
use super::config::Mode;
use super::meter::{CallCounts, Meter};
use super::routes::State;
use super::saturation::{Saturation, WorkerMetrics};
use crate::code::code_name;
use crate::metrics::Metrics;

/// The type of the text that [`Exposition::text`] returns.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one server, and those of the application beside them.
#[derive(Debug)]
pub(super) struct Exposition {
    registry: Registry,
    server: Arc<ServerMetrics>,
    application: Metrics,
}

/// What an application calls itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

/// What the workers have to show. A worker goes by its number, from 1.
#[derive(Debug)]
pub(super) struct Vitals {
    pub(super) mode: Mode,
    pub(super) workers: Vec<WorkerMetrics>,
    /// The connections of each worker; of `shared` workers, which have them in common, one number.
    pub(super) connections: Vec<Arc<AtomicUsize>>,
    pub(super) meters: Vec<Arc<Meter>>,
}

#[derive(Debug)]
struct ServerMetrics {
    identity: Option<Identity>,
    started: SystemTime,
    state: Arc<State>,
    admission: Arc<Admission>,
    mode: Mode,
    connections: Vec<Arc<AtomicUsize>>,
    meters: Vec<Arc<Meter>>,
    saturation: Mutex<Saturation>,
}

impl Exposition {
    pub(super) fn new(
        identity: Option<Identity>,
        state: Arc<State>,
        admission: Arc<Admission>,
        vitals: Vitals,
        application: Metrics,
    ) -> Self {
        let Vitals {
            mode,
            workers,
            connections,
            meters,
        } = vitals;
        let server = Arc::new(ServerMetrics {
            identity,
            started: SystemTime::now(),
            state,
            admission,
            mode,
            connections,
            meters,
            saturation: Mutex::new(Saturation::new(mode, workers, Instant::now())),
        });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&server)));
        Self {
            registry,
            server,
            application,
        }
    }

    /// To be called every [`INTERVAL`](super::saturation::INTERVAL), whoever asks for the text or not.
    pub(super) fn look(&self) {
        self.server
            .with_saturation(|saturation| saturation.look(Instant::now()));
    }

    /// # Errors
    /// None that a string can make.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        self.application.write(&mut text)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl ServerMetrics {
    fn with_saturation<T>(&self, with: impl FnOnce(&mut Saturation) -> T) -> T {
        with(
            &mut self
                .saturation
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn workers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (look, share) = self.with_saturation(|saturation| saturation.read(Instant::now()));
        let help = "Share of the last 15 seconds that the workers were at work, 0 to 1: the busiest one's, or with shared workers their average";
        let gauge =
            encoder.encode_descriptor("nautil_saturation", help, None, MetricType::Gauge)?;
        ConstGauge::new(share).encode(gauge)?;

        let help = "Time that a worker has been at work";
        let unit = Some(&Unit::Seconds);
        let mut family =
            encoder.encode_descriptor("nautil_worker_busy", help, unit, MetricType::Counter)?;
        for (index, busy) in look.busy.iter().enumerate() {
            let labels = [("worker", (index + 1).to_string())];
            ConstCounter::new(busy.as_secs_f64()).encode(family.encode_family(&labels)?)?;
        }

        let help = "Open connections";
        let mut family =
            encoder.encode_descriptor("nautil_connections", help, None, MetricType::Gauge)?;
        for (index, connections) in self.connections.iter().enumerate() {
            let worker = match self.mode {
                Mode::PerCore => (index + 1).to_string(),
                Mode::Shared => "shared".to_owned(),
            };
            let connections = connections.load(Ordering::Relaxed) as u64;
            let labels = [("worker", worker)];
            ConstGauge::new(connections).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn calls(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let methods = self.state.methods.iter().enumerate();
        let calls: Vec<_> = methods
            .map(|(index, name)| (name, CallCounts::of(index, &self.meters)))
            .collect();

        let help = "Calls that have begun and not ended";
        let mut family =
            encoder.encode_descriptor("nautil_calls_in_flight", help, None, MetricType::Gauge)?;
        for (name, calls) in &calls {
            let labels = [("service", name.service()), ("method", name.name())];
            ConstGauge::new(calls.in_flight()).encode(family.encode_family(&labels)?)?;
        }

        let help = "Calls that have ended, by the code of their status";
        let mut family =
            encoder.encode_descriptor("nautil_calls", help, None, MetricType::Counter)?;
        for (name, calls) in &calls {
            // OK is always there, so that a rate of failures can be taken from the start; the others once they occur.
            for (code, count) in (0..).zip(calls.ended) {
                if count == 0 && code != Code::Ok as i32 {
                    continue;
                }
                let labels = [
                    ("service", name.service()),
                    ("method", name.name()),
                    ("code", code_name(Code::from_i32(code))),
                ];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn refused(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Connections that were closed at once because a limit was reached, by its key in server.limits";
        let mut family = encoder.encode_descriptor(
            "nautil_connections_refused",
            help,
            None,
            MetricType::Counter,
        )?;
        for limit in [Refused::MaxConnections, Refused::MaxConnectionsPerAddress] {
            let labels = [("limit", limit.name())];
            let count = self.admission.refused(limit);
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn checks(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let checks = self.state.health.state().checks;
        if checks.is_empty() {
            return Ok(());
        }
        let help =
            "Whether a health check passes: 1 if it does, 0 if it failed or has not been run";
        let mut family =
            encoder.encode_descriptor("nautil_health_check", help, None, MetricType::Gauge)?;
        for check in checks {
            let passing = u64::from(check.standing.is_passing());
            let labels = [("check", check.name)];
            ConstGauge::new(passing).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn process(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "When the server started, since the Unix epoch";
        let unit = Some(&Unit::Seconds);
        let gauge =
            encoder.encode_descriptor("process_start_time", help, unit, MetricType::Gauge)?;
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        ConstGauge::new(started.as_secs_f64()).encode(gauge)?;

        let Some(Identity { name, version }) = self.identity else {
            return Ok(());
        };
        let help = "The application: 1, with its name and version";
        let mut family =
            encoder.encode_descriptor("nautil_build_info", help, None, MetricType::Gauge)?;
        let labels = [("name", name), ("version", version)];
        ConstGauge::new(1_u64).encode(family.encode_family(&labels)?)
    }
}

impl Collector for ServerMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.workers(&mut encoder)?;
        self.calls(&mut encoder)?;
        self.refused(&mut encoder)?;
        self.checks(&mut encoder)?;
        self.process(&mut encoder)
    }
}
