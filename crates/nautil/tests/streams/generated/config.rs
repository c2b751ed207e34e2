//! Where the clients connect.
/// Section `clients`: where each client connects.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Default,
    ::nautil::serde::Serialize,
    ::nautil::serde::Deserialize
)]
#[serde(crate = "::nautil::serde", default, deny_unknown_fields)]
pub struct ClientsConfig {
    /// `streams.EchoService`.
    pub echo_service: ::nautil::grpc::ClientConfig,
}
impl ::nautil::config::Section for ClientsConfig {
    const NAME: &'static str = "clients";
    const VARIABLES: &'static [(&'static str, &'static str)] = &[
        ("echo_service.host", "ECHO_SERVICE_HOST"),
    ];
}
