//! The variables that Kubernetes sets for each Service beside a pod, which look like keys where a Service is named like a
//! section: those of a Service `app-server` begin with `APP_SERVER_`.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>

use std::net::{IpAddr, SocketAddr};

/// Whether a variable is Kubernetes' link to a Service: its name ends as those do, and its value is of the kind that such a
/// name has. A mistyped key is none, because its value is no address of a Service.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    // `…_SERVICE_PORT`, and `…_SERVICE_PORT_HTTP` for a port with a name.
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_port(value);
    }
    if name.ends_with("_PORT") && is_address(value) {
        return true;
    }
    // `…_PORT_80_TCP`, and the parts of its value, such as `…_PORT_80_TCP_ADDR`.
    let Some((_, rest)) = name.rsplit_once("_PORT_") else {
        return false;
    };
    let words: Vec<&str> = rest.split('_').collect();
    match words[..] {
        [port, protocol, ..] if !is_port(port) || !is_protocol(protocol) => false,
        [_, _] => is_address(value),
        [_, _, "PROTO"] => is_protocol(value),
        [_, _, "PORT"] => is_port(value),
        [_, _, "ADDR"] => value.parse::<IpAddr>().is_ok(),
        _ => false,
    }
}

/// `tcp://10.0.0.11:80`, or with IPv6 `tcp://[fd00::b]:80`.
fn is_address(text: &str) -> bool {
    let parts = text.split_once("://");
    parts.is_some_and(|(protocol, address)| {
        is_protocol(protocol) && address.parse::<SocketAddr>().is_ok()
    })
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_protocol(text: &str) -> bool {
    let known = ["tcp", "udp", "sctp"];
    known.iter().any(|known| text.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::is_service_link;

    #[test]
    fn every_variable_of_a_service_is_a_link() {
        for (name, value) in [
            ("APP_SERVER_SERVICE_HOST", "10.0.0.11"),
            ("APP_SERVER_SERVICE_HOST", "fd00::b"),
            ("APP_SERVER_SERVICE_PORT", "80"),
            ("APP_SERVER_SERVICE_PORT_GRPC_WEB", "80"),
            ("APP_SERVER_PORT", "tcp://10.0.0.11:80"),
            ("APP_SERVER_PORT", "udp://[fd00::b]:80"),
            ("APP_SERVER_PORT_80_TCP", "tcp://10.0.0.11:80"),
            ("APP_SERVER_PORT_80_TCP_PROTO", "tcp"),
            ("APP_SERVER_PORT_80_TCP_PORT", "80"),
            ("APP_SERVER_PORT_80_TCP_ADDR", "10.0.0.11"),
            ("APP_SERVER_PORT_80_SCTP_ADDR", "fd00::b"),
            ("APP_SERVER_PORT_9_PORT", "tcp://10.0.0.11:80"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
    }

    #[test]
    fn a_mistyped_key_is_none() {
        for (name, value) in [
            ("APP_SERVER_LISTEN", "127.0.0.1:9001"),
            ("APP_SERVER_PORT", "9001"),
            ("APP_SERVER_PORT", "http://10.0.0.11:80"),
            ("APP_SERVER_PORT", "tcp://rates:80"),
            ("APP_SERVER_HOST", "10.0.0.11"),
            ("APP_SERVER_SERVICE_HOST", "rates"),
            ("APP_SERVER_SERVICE_PORT", "grpc"),
            ("APP_SERVER_PORT_80_HTTP", "tcp://10.0.0.11:80"),
            ("APP_SERVER_PORT_GRPC_TCP", "tcp://10.0.0.11:80"),
            ("APP_SERVER_PORT_80_TCP_HOST", "10.0.0.11"),
            ("APP_SERVER_PORT_80_TCP_PORT_1", "80"),
            ("APP_SERVER_PORT_80", "80"),
            ("APP_SERVER_WORKERS", "80"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
