//! Clients that reach the services of their own application without a port: for tests.

use std::io;
use std::sync::{Arc, OnceLock};

use nautil_grpc::client::{Channel, ClientConfig, ConnectError, Target};
use nautil_grpc::server::{Routes, ServerConfig, serve_connection};

use super::{Connect, Services};
use crate::container::Container;

/// How many bytes may wait between the two ends of a connection.
const BUFFER: usize = 64 << 10;

/// Connects every client to the services that the application itself serves, over HTTP/2 in memory.
#[derive(Debug)]
pub(crate) struct InProcess {
    server: Arc<InProcessServer>,
}

/// The server's side: what it takes to serve one more connection.
#[derive(Debug)]
struct InProcessServer {
    services: Arc<Services>,
    container: Arc<Container>,
    config: Arc<ServerConfig>,
    routes: OnceLock<Routes>,
}

impl InProcess {
    pub(crate) fn new(
        services: Arc<Services>,
        container: Arc<Container>,
        config: Arc<ServerConfig>,
    ) -> Self {
        InProcess {
            server: Arc::new(InProcessServer {
                services,
                container,
                config,
                routes: OnceLock::new(),
            }),
        }
    }
}

impl Connect for InProcess {
    fn connect(&self, target: Target, config: &ClientConfig) -> Result<Channel, ConnectError> {
        let server = Arc::clone(&self.server);
        let open = move || {
            let server = Arc::clone(&server);
            async move { server.accept() }
        };
        Ok(Channel::over(target, config, open))
    }
}

impl InProcessServer {
    fn accept(&self) -> io::Result<tokio::io::DuplexStream> {
        let routes = match self.routes.get() {
            Some(routes) => routes,
            None => {
                let made = self.services.routes(&self.container, &self.config);
                let made = made.map_err(io::Error::other)?;
                self.routes.get_or_init(|| made)
            }
        };
        let (client, server) = tokio::io::duplex(BUFFER);
        let (routes, config) = (routes.clone(), Arc::clone(&self.config));
        tokio::spawn(async move {
            serve_connection(server, routes, &config, std::future::pending()).await;
        });
        Ok(client)
    }
}
