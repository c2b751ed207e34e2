//! `grpc:explain`: what holds for the calls of one method, and who said so.

use std::sync::Arc;

use clap::Args;
use nautil_grpc::server::{ServerConfig, health_methods};
use nautil_grpc::{Calls, Method, Side};
use shaku::Component;

use crate::config::Config;
use crate::console::{Command, DynCommand, Failure, Output};
use crate::container::Container;
use crate::grpc::{Clients, Interceptors, Services, checks};
use crate::suggest;

/// What holds for the calls of one method: limits, deadlines, interceptors, and where each comes from
#[derive(Debug, Args)]
pub(crate) struct GrpcExplainArguments {
    /// The method: `<package>.<Service>/<Method>`
    method: String,
}

#[derive(Component)]
#[shaku(interface = DynCommand)]
pub(crate) struct GrpcExplain {
    #[shaku(inject)]
    services: Arc<Services>,
    #[shaku(inject)]
    clients: Arc<Clients>,
    #[shaku(inject)]
    interceptors: Arc<Interceptors>,
    #[shaku(inject)]
    server: Arc<ServerConfig>,
    #[shaku(inject)]
    config: Arc<Config>,
    #[shaku(inject)]
    container: Arc<Container>,
}

/// What the server's config says of single methods.
const OF_METHODS: [&str; 4] = [
    "deadline.default",
    "deadline.maximum",
    "compression.accept",
    "compression.send",
];

/// What it says of all methods alone.
const OF_ALL: [&str; 3] = [
    "compression.least",
    "limits.max_receive_message",
    "limits.max_send_message",
];

/// What the config of a client says that its calls depend on.
const OF_CLIENTS: [&str; 8] = [
    "host",
    "connect_timeout",
    "max_receive_message",
    "compression.accept",
    "compression.send",
    "compression.least",
    "tls.ca",
    "tls.certificate",
];

impl Command for GrpcExplain {
    const NAME: &'static str = "grpc:explain";
    type Arguments = GrpcExplainArguments;

    async fn run(&self, arguments: GrpcExplainArguments, output: &Output) -> Result<(), Failure> {
        checks::server(&self.services, &self.interceptors, &self.server)?;
        checks::clients(
            &self.services,
            &self.clients,
            &self.interceptors,
            &self.container,
        )?;
        let name = arguments.method.trim_start_matches('/');
        let mut is_known = false;
        for service in self.services.iter() {
            let mut methods = service.methods.iter();
            if let Some(method) = methods.find(|method| method.to_string() == name) {
                let by = format!(
                    "served by {} ({})",
                    service.implementation, service.bootloader
                );
                self.explain_served(method, &by, output);
                is_known = true;
            }
        }
        let mut infrastructure = health_methods().into_iter();
        if let Some(method) = infrastructure.find(|method| method.to_string() == name) {
            self.explain_served(method, "served by nautil", output);
            is_known = true;
        }
        for client in self.clients.iter() {
            let mut methods = client.methods.iter();
            if let Some(method) = methods.find(|method| method.to_string() == name) {
                if is_known {
                    output.line("");
                }
                let names = client.config(&self.container)?.interceptors;
                let prefix = client.prefix();
                output.heading(format!("called by its client ({})", client.bootloader));
                self.explain_called(method, &prefix, names.as_deref(), output);
                is_known = true;
            }
        }
        if is_known {
            Ok(())
        } else {
            Err(self.unknown(name))
        }
    }
}

impl GrpcExplain {
    fn explain_served(&self, method: &Method, by: &str, output: &Output) {
        output.heading(format!("{}, {by}", method.kind()));
        let mut rows = Vec::new();
        for key in OF_METHODS {
            let own = format!("server.methods.{method}.{key}");
            let all = format!("server.methods.{}/*.{key}", method.service());
            rows.extend(self.setting(key, [own, all, format!("server.{key}")]));
        }
        for key in OF_ALL {
            rows.extend(self.setting(key, [format!("server.{key}")]));
        }
        output.table(["setting", "value", "key", "origin"], rows);
        let declared = self.interceptors.on(Side::Server);
        let names = self.server.interceptors_of(method, &declared);
        let tables = [
            format!("server.methods.{method}.interceptors"),
            format!("server.methods.{}/*.interceptors", method.service()),
        ];
        let by = match self.setting("", tables) {
            Some([_, _, key, origin]) => format!("as {key} names them ({origin})"),
            None => match self.setting("", ["server.interceptors".to_owned()]) {
                Some([_, value, key, origin]) if value != "[]" => {
                    format!("as declared, those of {key} first ({origin})")
                }
                _ => "as declared".to_owned(),
            },
        };
        self.list(&names, &by, Side::Server, output);
    }

    fn explain_called(
        &self,
        method: &Method,
        prefix: &str,
        names: Option<&[String]>,
        output: &Output,
    ) {
        let deadline = if method.kind().has_response_stream() {
            "stream_deadline"
        } else {
            "deadline"
        };
        let keys = [deadline].into_iter().chain(OF_CLIENTS);
        let rows = keys.filter_map(|key| self.setting(key, [format!("{prefix}.{key}")]));
        output.table(["setting", "value", "key", "origin"], rows);
        let declared = self.interceptors.on(Side::Client);
        let by = match (names, self.setting("", [format!("{prefix}.interceptors")])) {
            (Some(_), Some([_, _, key, origin])) => format!("as {key} names them ({origin})"),
            _ => "as declared".to_owned(),
        };
        let names: Vec<&str> = match names {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => {
                let own = declared
                    .iter()
                    .filter(|(_, calls)| calls.have(Side::Client, method));
                own.map(|(name, _)| *name).collect()
            }
        };
        self.list(&names, &by, Side::Client, output);
    }

    /// The row of a setting: the first of these keys that has a value says what holds.
    fn setting<const N: usize>(&self, setting: &str, keys: [String; N]) -> Option<[String; 4]> {
        let mut keys = keys.into_iter();
        let found = keys.find_map(|key| self.config.entries().find(|entry| entry.key == key))?;
        Some([
            setting.to_owned(),
            found.value.clone(),
            found.key.clone(),
            found.origin.clone(),
        ])
    }

    /// The interceptors, in the order in which a call passes them.
    fn list(&self, names: &[&str], by: &str, side: Side, output: &Output) {
        if names.is_empty() {
            output.line(format!("no interceptors, {by}"));
            return;
        }
        output.line(format!("interceptors, {by}"));
        let rows = names.iter().enumerate().filter_map(|(index, name)| {
            let entry = self.interceptors.iter().find(|entry| entry.name == *name)?;
            Some([
                (index + 1).to_string(),
                entry.name.to_owned(),
                entry.implementation.clone(),
                declared_for(&entry.calls, side),
                entry.bootloader.to_owned(),
            ])
        });
        output.table(
            [
                "order",
                "interceptor",
                "implementation",
                "declared for",
                "bootloader",
            ],
            rows,
        );
    }

    fn unknown(&self, name: &str) -> Failure {
        let served = self.services.iter().flat_map(|service| service.methods);
        let called = self.clients.iter().flat_map(|client| client.methods);
        let mut known: Vec<String> = served.chain(called).map(ToString::to_string).collect();
        known.sort_unstable();
        known.dedup();
        let hint = match suggest::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there are none".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        Failure::wrong_use(format!("no method `{name}` is served or called; {hint}"))
    }
}

fn declared_for(calls: &Calls, side: Side) -> String {
    let all = match side {
        Side::Server => "all calls that are served",
        Side::Client => "all calls that are made",
    };
    match calls.patterns() {
        None => all.to_owned(),
        Some([]) => "what the config names".to_owned(),
        Some(patterns) => {
            let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
            patterns.join(", ")
        }
    }
}
