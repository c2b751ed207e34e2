//! Whether a cluster takes the manifests: each document against the schema of its kind, which is strict about unknown keys.

use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;

use super::manifests::{Manifests, built, has, kustomize, workbench};
use crate::support::{Process, Ran};

/// The oldest that the manifests are for (the sleep before a stop), and the newest that is known.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// Whether every document is of a known kind, and as that is to be.
fn accepts(manifests: &Manifests) -> Result<(), Ran> {
    let ran = validate(&manifests.text);
    let passed = (ran.out.clone() + &ran.err)
        .matches(" passed for resource ")
        .count();
    if ran.code == Some(0) && passed == manifests.documents.len() * VERSIONS.len() {
        Ok(())
    } else {
        Err(ran)
    }
}

fn validate(text: &str) -> Ran {
    let mut file = NamedTempFile::with_suffix(".yaml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut command = Command::new("kubernetes-validate");
    for version in VERSIONS {
        command.args(["-k", version]);
    }
    Process::start(command.arg("--strict").arg(file.path())).end()
}

#[test]
fn every_document_is_what_its_schema_says() {
    let test = "every_document_is_what_its_schema_says";
    if !has("kubernetes-validate", test) {
        return;
    }
    for (target, manifests) in built(test) {
        if let Err(ran) = accepts(&manifests) {
            panic!("{target}: {ran}");
        }
        for (from, to) in [
            ("enableServiceLinks:", "enableServiceLink:"),
            ("containerPort: 9001", "containerPort: grpc"),
            ("kind: NetworkPolicy", "kind: NetworkPolicies"),
        ] {
            let broken = manifests.text.replace(from, to);
            assert_ne!(broken, manifests.text, "{target}: there is no {from}");
            let is_noticed = accepts(&Manifests::of(&broken)).is_err();
            assert!(is_noticed, "{target}: {to} goes unnoticed");
        }
    }
}

/// The components whose kinds are no part of Kubernetes: taken in as the overlay says, by its own lines.
#[test]
fn the_optional_components_fit_the_rest() {
    if !has("kustomize", "the_optional_components_fit_the_rest") {
        return;
    }
    let project = workbench();
    let overlay = "deployment/kubernetes/overlays/prod";
    let path = format!("{overlay}/kustomization.yaml");
    let text = std::fs::read_to_string(project.path(&path)).unwrap();
    project.write(&path, &text.replace("#- ../../", "- ../../"));
    let ran = kustomize(&project.path("."), overlay).with_code(0);
    let manifests = Manifests::of(&ran.out);

    let certificate = manifests.find("Certificate", "currency-rate");
    assert_eq!(certificate.text("apiVersion"), "cert-manager.io/v1");
    let secret = manifests.server().get("spec.template.spec").unwrap();
    let secret = secret.named("volumes", "tls").unwrap();
    assert_eq!(
        certificate.text("spec.secretName"),
        secret.text("secret.secretName")
    );
    // Every name by which a Service is called, from its own namespace and from another one.
    let namespace = manifests.server().text("metadata.namespace");
    let names: Vec<String> = certificate
        .list("spec.dnsNames")
        .iter()
        .map(ToString::to_string)
        .collect();
    let services = manifests.of_kind("Service");
    let services: Vec<_> = services
        .filter(|service| service.text("spec.ports.0.name") == "grpc")
        .map(|service| service.text("metadata.name"))
        .collect();
    assert_eq!(services.len(), 2, "{services:?}");
    for service in services {
        for name in [
            service.clone(),
            format!("{service}.{namespace}"),
            format!("{service}.{namespace}.svc"),
        ] {
            assert!(names.contains(&name), "the certificate has no {name}");
        }
    }

    let monitor = manifests.find("ServiceMonitor", "currency-rate");
    assert_eq!(monitor.text("apiVersion"), "monitoring.coreos.com/v1");
    let selected = monitor.map("spec.selector.matchLabels");
    let services = manifests.of_kind("Service").filter(|service| {
        let labels = service.map("metadata.labels");
        selected
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
    });
    let services: Vec<_> = services.collect();
    assert_eq!(
        services.len(),
        1,
        "one Service, so that no pod counts twice"
    );
    let endpoints = monitor.list("spec.endpoints");
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0].text("path"), "/metrics");
    let port = services[0].named("spec.ports", &endpoints[0].text("port"));
    let container = manifests.server().get("spec.template.spec.containers.0");
    let target = port.unwrap().text("targetPort");
    assert!(container.unwrap().named("ports", &target).is_some());
}
