//! One of many servers of one service, which says who it is and counts its calls: nautil's own server, on a listener that
//! several may share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use nautil_grpc::async_trait;
use nautil_grpc::server::{Call, Reply, Router, Routes, ServerConfig, serve_connection};
use nautil_grpc::{BoxStream, Channel, Method, MethodKind, Request, Response, Service, Status};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::server::{Text, in_time, text};

pub(crate) const WHO: &Method = &Method::new("/test.Replica/Who", MethodKind::Unary);
pub(crate) const WHO_EACH: &Method = &Method::new("/test.Replica/WhoEach", MethodKind::Streaming);

/// What [`WHO`] never answers.
pub(crate) const HANG: &str = "hang";

#[async_trait]
pub(crate) trait ReplicaInterface: Send + Sync + 'static {
    async fn who(&self, request: Request<Text>) -> Result<Response<Text>, Status>;
    async fn who_each(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<BoxStream<Text>>, Status>;
}

impl Service for dyn ReplicaInterface {
    const NAME: &'static str = "test.Replica";
    const METHODS: &'static [Method] = &[*WHO, *WHO_EACH];
    /// One file, `test.proto`, with the service's name.
    const DESCRIPTOR_SET: &'static [u8] =
        b"\x0a\x25\x0a\x0atest.proto\x12\x04test\x32\x09\x0a\x07Replica\x62\x06proto3";
    const HOST_VARIABLE: &'static str = "REPLICA_HOST";

    fn handle(service: &Arc<Self>, method: &str, call: Call) -> Reply {
        let service = Arc::clone(service);
        match method {
            "Who" => call.unary(move |request| async move { service.who(request).await }),
            "WhoEach" => {
                call.streaming(move |request| async move { service.who_each(request).await })
            }
            _ => call.unimplemented(),
        }
    }

    fn client(_: Channel) -> Arc<Self> {
        unreachable!("these tests call by path")
    }
}

/// What one replica has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    name: String,
    calls: AtomicUsize,
    connections: AtomicUsize,
}

#[async_trait]
impl ReplicaInterface for Seen {
    async fn who(&self, request: Request<Text>) -> Result<Response<Text>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if request.get_ref().text == HANG {
            std::future::pending::<()>().await;
        }
        // So that there are calls in flight at any moment.
        tokio::task::yield_now().await;
        Ok(Response::new(text(&self.name)))
    }

    async fn who_each(
        &self,
        request: Request<BoxStream<Text>>,
    ) -> Result<Response<BoxStream<Text>>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let name = self.name.clone();
        let answers = request.into_inner().map(move |message| {
            let message = message?;
            Ok(text(&format!("{name} {}", message.text)))
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

impl Seen {
    pub(crate) fn named(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            ..Self::default()
        })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) fn routes(config: &ServerConfig, seen: &Arc<Seen>) -> Routes {
    Router::new(config)
        .mount::<dyn ReplicaInterface>(Arc::<Seen>::clone(seen))
        .build()
        .unwrap()
}

/// One running server.
pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    /// A server at a free port of `ip`, by which it goes.
    pub(crate) async fn start(ip: &str) -> Self {
        Self::start_at(&format!("{ip}:0"), ip).await
    }

    pub(crate) async fn start_at(address: &str, name: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self::on(Arc::new(listener), name)
    }

    /// A server on a listener that others may have too.
    pub(crate) fn on(listener: Arc<TcpListener>, name: &str) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Seen::named(name);
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, Arc::clone(&seen), stop.clone()));
        Self {
            address,
            seen,
            stop,
            task,
        }
    }

    /// Lets nobody in any more, finishes the calls in flight, and goes.
    pub(crate) async fn drain(self) {
        self.stop.cancel();
        in_time(self.task).await.unwrap();
    }

    /// Drops everything, without a word.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(in_time(self.task).await.unwrap_err().is_cancelled());
    }
}

async fn serve(listener: Arc<TcpListener>, seen: Arc<Seen>, stop: CancellationToken) {
    let config = Arc::new(ServerConfig::default());
    let routes = routes(&config, &seen);
    let mut connections = JoinSet::new();
    loop {
        let socket = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted.unwrap().0,
        };
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (routes, config) = (routes.clone(), Arc::clone(&config));
        let stop = stop.clone().cancelled_owned();
        connections.spawn(async move { serve_connection(socket, routes, &config, stop).await });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}
