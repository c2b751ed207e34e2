//! Whether the pods are watched where the server answers, may stop as slowly as it may, and may do no more than it must.

use std::time::Duration;

use super::manifests::{Manifest, Manifests, built, holds_and_can_fail};
use super::settings::{Shown, shown};
use crate::source;

/// The user and the group of the image.
const USER: &str = "1000";

/// The time that the process is left with beyond what it may take by its own limits.
const SPARE: Duration = Duration::from_secs(5);

/// What a connection takes at the most without a call, in bytes: see docs/scaling.md.
const CONNECTION: i64 = 24 << 10;

/// What the server takes without a connection, in bytes.
const START: i64 = 16 << 20;

fn server(manifests: &Manifests) -> Manifest {
    let deployment = manifests.server();
    deployment.get("spec.template.spec").unwrap()
}

/// `30s`, `1m`: a duration as the configuration shows it.
fn duration(shown: &Shown, key: &str) -> Duration {
    let text = shown[key].0.trim_matches('"');
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().unwrap();
    match unit {
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(60 * number),
        _ => panic!("{key} is {text}"),
    }
}

fn seconds(pod: &Manifest, path: &str) -> Duration {
    Duration::from_secs(u64::try_from(pod.number(path)).unwrap())
}

/// The port of an address to listen on, as the configuration shows it.
fn port(shown: &Shown, key: &str) -> String {
    let address = shown[key].0.trim_matches('"');
    let port = address.strip_prefix("0.0.0.0:");
    port.unwrap_or_else(|| panic!("{key} is {address}: nobody outside reaches it"))
        .to_owned()
}

fn timing(manifests: &Manifests) -> Vec<String> {
    let (pod, shown) = (server(manifests), shown(manifests));
    let mut complaints = Vec::new();

    let grace = seconds(&pod, "terminationGracePeriodSeconds");
    let stop = seconds(&pod, "containers.0.lifecycle.preStop.sleep.seconds")
        + duration(&shown, "server.drain_timeout")
        + duration(&shown, "app.shutdown_timeout");
    if grace < stop + SPARE {
        complaints.push(format!(
            "killed after {grace:?}, while a stop takes {stop:?}"
        ));
    }

    let probe = "containers.0.startupProbe";
    let attempts = pod.number(&format!("{probe}.failureThreshold"));
    let start = seconds(&pod, &format!("{probe}.periodSeconds")) * u32::try_from(attempts).unwrap();
    let boot = duration(&shown, "app.boot_timeout");
    if start < boot + SPARE {
        complaints.push(format!(
            "killed after {start:?}, while a boot takes {boot:?}"
        ));
    }
    complaints
}

#[test]
fn the_kubelet_waits_longer_than_the_server_takes() {
    for (_, manifests) in built("the_kubelet_waits_longer_than_the_server_takes") {
        for (from, to) in [
            (
                "terminationGracePeriodSeconds: 60",
                "terminationGracePeriodSeconds: 45",
            ),
            ("drain_timeout = \"30s\"", "drain_timeout = \"1m\""),
            ("shutdown_timeout = \"10s\"", "shutdown_timeout = \"30s\""),
            (
                "sleep:\n              seconds: 5",
                "sleep:\n              seconds: 20",
            ),
            ("boot_timeout = \"1m\"", "boot_timeout = \"2m\""),
            ("failureThreshold: 70", "failureThreshold: 30"),
        ] {
            holds_and_can_fail(&manifests, timing, from, to);
        }
    }
}

fn ports(manifests: &Manifests) -> Vec<String> {
    let (pod, shown) = (server(manifests), shown(manifests));
    let container = pod.get("containers.0").unwrap();
    let (calls, management) = (
        port(&shown, "server.listen"),
        port(&shown, "server.management.listen"),
    );
    let expected = [
        ("ports.0.containerPort", &calls),
        ("ports.1.containerPort", &management),
        ("startupProbe.grpc.port", &management),
        ("readinessProbe.grpc.port", &management),
        ("livenessProbe.grpc.port", &management),
    ];
    let wrong = expected.into_iter().filter_map(|(path, port)| {
        let found = container.text(path);
        (found != *port).then(|| format!("{path} is {found:?}, the server listens on {port}"))
    });
    wrong.collect()
}

#[test]
fn probes_and_ports_are_those_on_which_the_server_answers() {
    for (_, manifests) in built("probes_and_ports_are_those_on_which_the_server_answers") {
        for (from, to) in [
            ("0.0.0.0:9002", "0.0.0.0:9003"),
            ("containerPort: 9001", "containerPort: 9000"),
            ("port: 9002", "port: 9001"),
        ] {
            holds_and_can_fail(&manifests, ports, from, to);
        }
    }
}

fn privileges(manifests: &Manifests) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, pod) in manifests.pods() {
        let mut expect = |path: &str, expected: &str| {
            let found = pod.text(path);
            if found != expected {
                complaints.push(format!("{name}: {path} is {found:?}, not {expected}"));
            }
        };
        expect("securityContext.runAsNonRoot", "true");
        expect("securityContext.runAsUser", USER);
        expect("securityContext.runAsGroup", USER);
        expect("securityContext.seccompProfile.type", "RuntimeDefault");
        expect("automountServiceAccountToken", "false");
        // Else CURRENCY_RATE_SERVICE_HOST is an address without a port.
        expect("enableServiceLinks", "false");
        for index in 0..pod.list("containers").len() {
            let container = format!("containers.{index}.securityContext");
            expect(&format!("{container}.allowPrivilegeEscalation"), "false");
            expect(&format!("{container}.privileged"), "false");
            expect(&format!("{container}.readOnlyRootFilesystem"), "true");
            expect(&format!("{container}.capabilities.drop.0"), "ALL");
            expect(&format!("{container}.capabilities.add"), "");
        }
    }
    for namespace in manifests.of_kind("Namespace") {
        let labels = namespace.map("metadata.labels");
        let level = labels.get("pod-security.kubernetes.io/enforce");
        if level.is_none_or(|level| level.to_string() != "restricted") {
            complaints.push("the namespace takes any pod".to_owned());
        }
    }
    complaints
}

#[test]
fn pods_may_do_no_more_than_the_image_needs() {
    for (target, manifests) in built("pods_may_do_no_more_than_the_image_needs") {
        for (from, to) in [
            ("runAsUser: 1000", "runAsUser: 0"),
            ("runAsNonRoot: true", "runAsNonRoot: false"),
            (
                "readOnlyRootFilesystem: true",
                "readOnlyRootFilesystem: false",
            ),
            ("enableServiceLinks: false", "enableServiceLinks: true"),
            ("drop:\n            - ALL", "drop:\n            - NET_RAW"),
        ] {
            holds_and_can_fail(&manifests, privileges, from, to);
        }
        let namespaces = manifests.of_kind("Namespace").count();
        assert_eq!(namespaces, usize::from(target != "base"), "{target}");
    }
}

#[test]
fn the_user_is_that_of_the_image() {
    let user = format!("{USER}:{USER}");
    for image in ["server", "cli"] {
        let text = source::read(&format!("deployment/docker/{image}/Dockerfile"));
        let mut users = text.lines().filter_map(|line| line.strip_prefix("USER "));
        let last = users.next_back().map(str::trim);
        assert_eq!(last, Some(user.as_str()), "{image}");
    }
    // And what compose gives to its containers.
    let compose = source::read("docker-compose.yml");
    assert!(compose.contains(&format!("user: \"{user}\"\n")));
    assert!(compose.contains("read_only: true\n"));
    assert!(compose.contains("cap_drop: [ALL]\n"));
}

/// What keeps the server's user from the key, or the server from finding it.
fn certificates(manifests: &Manifests) -> Vec<String> {
    let (pod, shown) = (server(manifests), shown(manifests));
    let mut complaints = Vec::new();
    let (Some(volume), Some(mount)) = (
        pod.named("volumes", "tls"),
        pod.named("containers.0.volumeMounts", "tls"),
    ) else {
        return vec!["no certificate is mounted".to_owned()];
    };
    let directory = mount.text("mountPath");
    for (key, file) in [("certificate", "tls.crt"), ("key", "tls.key")] {
        // The names in a Secret of type kubernetes.io/tls.
        let expected = format!("\"{directory}/{file}\"");
        let found = &shown[&format!("server.tls.{key}")].0;
        if *found != expected {
            complaints.push(format!(
                "server.tls.{key} is {found}, mounted is {expected}"
            ));
        }
    }
    let mode = volume.number("secret.defaultMode");
    if mode != 0o440 {
        complaints.push(format!("the files' mode is {mode:o}"));
    }
    if pod.text("securityContext.fsGroup") != USER {
        complaints.push("the files' group is not the user's".to_owned());
    }
    complaints
}

#[test]
fn the_user_can_read_the_certificate_where_there_is_one() {
    for (target, manifests) in built("the_user_can_read_the_certificate_where_there_is_one") {
        if target != "overlays/prod" {
            assert_eq!(certificates(&manifests), ["no certificate is mounted"]);
            continue;
        }
        for (from, to) in [
            ("tls/tls.key", "tls/tls.pem"),
            ("mountPath: /etc/currency-rate/tls", "mountPath: /etc/tls"),
            ("defaultMode: 288", "defaultMode: 256"),
            ("fsGroup: 1000", "fsGroup: 2000"),
        ] {
            holds_and_can_fail(&manifests, certificates, from, to);
        }
    }
}

fn memory(manifests: &Manifests) -> Vec<String> {
    let (pod, shown) = (server(manifests), shown(manifests));
    let limit = pod.text("containers.0.resources.limits.memory");
    let limit: i64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    let connections: i64 = shown["server.limits.max_connections"].0.parse().unwrap();
    let needed = START + connections * CONNECTION;
    let has_room = connections > 0 && needed <= (limit << 20) / 2;
    let request = pod.text("containers.0.resources.requests.memory");
    let mut complaints = Vec::new();
    if !has_room {
        complaints.push(format!(
            "{connections} connections take half of {limit} MiB"
        ));
    }
    if request != format!("{limit}Mi") {
        complaints.push(format!("the request is {request}, the limit {limit}Mi"));
    }
    complaints
}

#[test]
fn half_of_the_memory_holds_all_connections() {
    for (_, manifests) in built("half_of_the_memory_holds_all_connections") {
        for (from, to) in [
            (
                "MAX_CONNECTIONS\n          value: \"",
                "MAX_CONNECTIONS\n          value: \"1",
            ),
            (
                "limits:\n            memory: ",
                "limits:\n            memory: 1",
            ),
        ] {
            holds_and_can_fail(&manifests, memory, from, to);
        }
    }
}
