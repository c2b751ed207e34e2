//! Whether calls find the pods, by Service, policy and name; and whether the autoscaler asks for what the server says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use saphyr::{LoadableYamlNode, YamlOwned};

use super::manifests::{Manifest, Manifests, built, holds_and_can_fail};
use crate::source;
use crate::support::{Project, Server};

/// Whether a selector's labels are all on the server's pods.
fn selects(manifests: &Manifests, selector: &Manifest) -> bool {
    let labels = manifests.server().map("spec.template.metadata.labels");
    let wanted = selector.map("matchLabels");
    !wanted.is_empty()
        && wanted
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
}

fn selectors(manifests: &Manifests) -> Vec<String> {
    let labels = manifests.server().map("spec.template.metadata.labels");
    let mut complaints = Vec::new();
    let mut found = 0;
    for service in manifests.of_kind("Service") {
        found += 1;
        let wanted = service.map("spec.selector");
        if !wanted
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
        {
            complaints.push(format!("{wanted:?} selects no pod"));
        }
    }
    for (kind, path) in [
        ("Deployment", "spec.selector"),
        ("PodDisruptionBudget", "spec.selector"),
        ("NetworkPolicy", "spec.podSelector"),
    ] {
        for document in manifests.of_kind(kind) {
            if document.text("metadata.name") != "currency-rate" {
                continue;
            }
            found += 1;
            if !selects(manifests, &document.get(path).unwrap()) {
                complaints.push(format!("the {kind} selects no pod"));
            }
        }
    }
    let pod = manifests.server().get("spec.template.spec").unwrap();
    for constraint in pod.list("topologySpreadConstraints") {
        found += 1;
        if !selects(manifests, &constraint.get("labelSelector").unwrap()) {
            complaints.push("a spread constraint counts no pod".to_owned());
        }
    }
    if found < 6 {
        complaints.push(format!("only {found} selectors"));
    }
    complaints
}

#[test]
fn everything_that_selects_pods_selects_those_of_the_server() {
    for (_, manifests) in built("everything_that_selects_pods_selects_those_of_the_server") {
        holds_and_can_fail(
            &manifests,
            selectors,
            "  template:\n    metadata:\n      labels:\n        app.kubernetes.io/component: server",
            "  template:\n    metadata:\n      labels:\n        app.kubernetes.io/component: serve",
        );
    }
}

/// What keeps a caller from the port of the pods.
fn services(manifests: &Manifests) -> Vec<String> {
    let container = manifests.server().get("spec.template.spec.containers.0");
    let container = container.unwrap();
    let mut complaints = Vec::new();
    for (name, address) in [("currency-rate", ""), ("currency-rate-headless", "None")] {
        let service = manifests.find("Service", name);
        let found = service.text("spec.clusterIP");
        if found != address {
            complaints.push(format!("{name} has the address {found:?}"));
        }
        for port in service.list("spec.ports") {
            let target = container.named("ports", &port.text("targetPort"));
            let pods = target.map(|port| port.text("containerPort"));
            let Some(pods) = pods else {
                complaints.push(format!("{name} leads to no port"));
                continue;
            };
            // DNS gives the pods' addresses, and nothing translates ports.
            if address == "None" && port.text("port") != pods {
                complaints.push(format!("{name} promises a port that is not the pods'"));
            }
            let is_tls = manifests.text.contains("APP_SERVER__TLS__KEY");
            let protocol = if is_tls { "https" } else { "kubernetes.io/h2c" };
            if port.text("appProtocol") != protocol {
                complaints.push(format!(
                    "{name} is said to speak {}",
                    port.text("appProtocol")
                ));
            }
        }
    }
    for policy in manifests.of_kind("NetworkPolicy") {
        for rule in policy.list("spec.ingress") {
            if rule.list("from").is_empty() {
                complaints.push("a rule lets everybody in".to_owned());
            }
            for port in rule.list("ports") {
                if container.named("ports", &port.text("port")).is_none() {
                    complaints.push(format!("a rule opens no port: {}", port.text("port")));
                }
            }
        }
    }
    complaints
}

#[test]
fn services_and_policies_lead_to_the_ports_of_the_pods() {
    for (target, manifests) in built("services_and_policies_lead_to_the_ports_of_the_pods") {
        for (from, to) in [
            ("targetPort: grpc", "targetPort: rpc"),
            ("port: 9001\n    targetPort", "port: 80\n    targetPort"),
            ("clusterIP: None", "clusterIP: 10.0.0.1"),
            (
                "port: management\n      protocol",
                "port: metrics\n      protocol",
            ),
            ("appProtocol: ", "appProtocol: x-"),
        ] {
            holds_and_can_fail(&manifests, services, from, to);
        }
        let caller = r#"currency-rate/caller: "true""#;
        assert!(manifests.text.contains(caller), "{target}");
    }
}

/// A caller in the cluster: its label opens the policy, its host is the headless Service.
#[test]
fn the_caller_of_the_dev_overlay_is_let_in_and_knows_where_to_go() {
    for (target, manifests) in
        built("the_caller_of_the_dev_overlay_is_let_in_and_knows_where_to_go")
    {
        if target != "overlays/dev" {
            assert_eq!(manifests.pods().len(), 1, "{target}");
            continue;
        }
        let callers = manifests.find("NetworkPolicy", "currency-rate");
        let wanted = callers.map("spec.ingress.0.from.0.podSelector.matchLabels");
        let caller = manifests.find("Deployment", "cli");
        let labels = caller.map("spec.template.metadata.labels");
        assert!(!wanted.is_empty());
        for (key, value) in wanted {
            assert_eq!(labels.get(&key), Some(&value), "{key}");
        }
        let container = caller.get("spec.template.spec.containers.0").unwrap();
        let host = container
            .named("env", "CURRENCY_RATE_SERVICE_HOST")
            .unwrap();
        let host = host.text("value");
        let (name, port) = host.split_once(':').unwrap();
        let service = manifests.find("Service", name);
        assert_eq!(service.text("spec.clusterIP"), "None");
        assert_eq!(service.text("spec.ports.0.port"), port);
    }
}

/// What a server says of a metric, asked as Prometheus asks.
fn measured(metric: &str) -> f64 {
    let project = Project::new();
    let mut serve = project.app(["serve"]);
    serve
        .env("APP_SERVER__LISTEN", "127.0.0.1:0")
        .env("APP_SERVER__MANAGEMENT__LISTEN", "127.0.0.1:0");
    let mut server = Server::start(&mut serve);
    let line = server.process.says("management on ");
    let host: SocketAddr = line.rsplit(' ').next().unwrap().parse().unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let series = answer
        .lines()
        .find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    let value = series.and_then(|value| value.trim().parse().ok());
    value.unwrap_or_else(|| panic!("there is no {metric} in\n{answer}"))
}

#[test]
fn the_autoscaler_and_the_adapter_ask_for_a_metric_that_the_server_has() {
    let mut metric = None;
    for (target, manifests) in
        built("the_autoscaler_and_the_adapter_ask_for_a_metric_that_the_server_has")
    {
        if target == "overlays/dev" {
            assert_eq!(manifests.of_kind("HorizontalPodAutoscaler").count(), 0);
            assert_eq!(manifests.server().text("spec.replicas"), "1");
            continue;
        }
        let scaler = manifests.find("HorizontalPodAutoscaler", "currency-rate");
        assert_eq!(scaler.list("spec.metrics").len(), 1);
        metric = Some(scaler.text("spec.metrics.0.pods.metric.name"));
        let scaled = scaler.get("spec.scaleTargetRef").unwrap();
        assert_eq!(
            manifests.server().text("kind"),
            scaled.text("kind"),
            "{target}"
        );
        assert_eq!(scaled.text("name"), "currency-rate");
        assert_eq!(manifests.server().get("spec.replicas"), None, "{target}");
    }
    let Some(metric) = metric else { return };

    let adapter = source::read("deployment/kubernetes/prometheus-adapter.yaml");
    let adapter = YamlOwned::load_from_str(&adapter).unwrap();
    let rule = &adapter[0]["rules"]["custom"][0];
    assert_eq!(rule["name"]["as"].as_str(), Some(metric.as_str()));
    let series = rule["seriesQuery"].as_str().unwrap();
    assert!(series.starts_with(&format!("{metric}{{")), "{series}");

    let value = measured(&metric);
    assert!((0.0..=1.0).contains(&value), "{value}");
}
