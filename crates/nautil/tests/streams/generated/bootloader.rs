//! The clients, in the container.
/// Binds the interface of each service to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceBootloader;
impl ::nautil::Bootloader for ServiceBootloader {
    fn init(&self, init: &mut ::nautil::Init<'_>) {
        init.config::<super::config::ClientsConfig>();
        init.client::<
                dyn super::streams::EchoServiceInterface,
                super::config::ClientsConfig,
            >(|clients| &clients.echo_service);
    }
}
