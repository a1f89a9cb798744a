//! Connections: taken one after another up to a bound, served until they end or the server does.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

/// A client that needs longer to say what it wants is not waited for.
const HEADERS_WAIT: Duration = Duration::from_secs(15);
const HEADERS_MAX: usize = 64;
/// What the system says when we have too many descriptors is over in a moment, or the log says why not.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// After the end was asked for, connections that still get an answer have this long.
const END_WAIT: Duration = Duration::from_secs(5);

/// Where connections come from.
pub(crate) trait Source {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Source for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // Answers are small and written whole.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

impl Source for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.accept().await?;
        Ok(stream)
    }
}

/// A bound address, and how many may be connected.
#[derive(Debug)]
pub(crate) struct Listener<S> {
    source: S,
    connections: Arc<Semaphore>,
}

impl Listener<TcpListener> {
    pub(crate) async fn bind(address: SocketAddr, connections_max: usize) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?, connections_max))
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.source.local_addr()
    }
}

impl<S: Source> Listener<S> {
    pub(crate) fn new(source: S, connections_max: usize) -> Self {
        Self { source, connections: Arc::new(Semaphore::new(connections_max)) }
    }

    /// Serves `router` until `stop`; then no new connections are taken, and those that are open end with their answer.
    pub(crate) async fn serve(self, router: Router, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                // Ended ones are let go of as they come.
                Some(_) = connections.join_next() => continue,
                () = stop.cancelled() => break,
            };
            let Some((stream, permit)) = accepted else { continue };
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WAIT).max_headers(HEADERS_MAX);
            let service = TowerToHyperService::new(router.clone());
            let connection = http.serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                // A peer that breaks off or speaks no HTTP is its own business.
                let _ = connection.await;
                drop(permit);
            });
        }
        drop(self.source);
        let _ = tokio::time::timeout(END_WAIT, graceful.shutdown()).await;
        connections.shutdown().await;
    }

    async fn accept(&self) -> Option<(S::Stream, OwnedSemaphorePermit)> {
        let permit = self.connections.clone().acquire_owned().await.ok()?;
        match self.source.next().await {
            Ok(stream) => Some((stream, permit)),
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_RETRY).await;
                None
            }
        }
    }
}
