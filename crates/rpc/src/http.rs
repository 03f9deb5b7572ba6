//! HTTP and WebSocket on one port.

use crate::{
    RpcConfig,
    guard::{AllowedHosts, GuardLayer, cors},
    io_threads::IoThreads,
    metrics::OpenConnection,
    middleware::ObserveLayer,
    subscription_id::HexId,
};
use jsonrpsee::{
    core::middleware::RpcServiceBuilder,
    server::{BatchRequestConfig, Methods, Server, ServerConfig, serve_with_graceful_shutdown, stop_channel},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::util::option_layer;

/// Pause after a failed accept (usually: no file descriptor is free).
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests of all connections together, for each connection that may be open (HTTP/2 has several in one).
const REQUESTS_PER_CONNECTION: u32 = 16;
/// Time that running requests get when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// The listening socket, and what its connections need.
#[derive(Debug)]
pub(crate) struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    methods: Methods,
    layer: ObserveLayer,
    config: RpcConfig,
    threads: IoThreads,
}

impl HttpServer {
    pub(crate) async fn bind(methods: Methods, layer: ObserveLayer, config: RpcConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((config.host, config.port)).await?;
        let address = listener.local_addr()?;
        let threads = IoThreads::start()?;
        Ok(Self { listener, address, methods, layer, config, threads })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    fn settings(&self) -> ServerConfig {
        let most = u32::try_from(self.config.max_connections).unwrap_or(u32::MAX);
        ServerConfig::builder()
            .max_request_body_size(self.config.max_body_bytes)
            .max_response_body_size(self.config.max_response_bytes)
            .max_connections(most.saturating_mul(REQUESTS_PER_CONNECTION))
            .max_subscriptions_per_connection(self.config.max_subscriptions)
            .set_message_buffer_capacity(self.config.message_buffer.max(1))
            // Our own middleware refuses long batches, in its own words.
            .set_batch_request_config(BatchRequestConfig::Unlimited)
            .set_id_provider(HexId)
            .build()
    }

    /// Serves until `shutdown`; running requests get a moment to end.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let guard = GuardLayer {
            hosts: AllowedHosts::new(&self.config, self.address),
            max_body_bytes: self.config.max_body_bytes,
        };
        let http = tower::ServiceBuilder::new().layer(option_layer(cors(&self.config))).layer(guard);
        let builder = Server::builder()
            .set_config(self.settings())
            .set_http_middleware(http)
            .set_rpc_middleware(RpcServiceBuilder::new().layer(self.layer.clone()))
            .to_service_builder();
        let (stop, server) = stop_channel();
        let places = Arc::new(Semaphore::new(self.config.max_connections));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an RPC connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                connections.spawn(refuse(stream, self.config.max_connections));
                continue;
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection is gone before it began");
                continue;
            }
            let mut service = builder.clone().build(self.methods.clone(), stop.clone());
            // Ends with the WebSocket session, or at once for plain HTTP.
            let session = service.on_session_closed();
            let stopped = stop.clone().shutdown();
            let Ok(stream) = stream.into_std() else { continue };
            let serve = async move {
                let _open = OpenConnection::new("http");
                // Of this thread from here on.
                let Ok(stream) = TcpStream::from_std(stream) else { return };
                if let Err(error) = serve_with_graceful_shutdown(stream, service, stopped).await {
                    tracing::debug!(%error, "an RPC connection ended badly");
                }
                session.await;
                drop(place);
            };
            connections.spawn_on(serve, self.threads.next());
        }
        // Fails only if nobody is left to stop.
        let _ = server.stop();
        drop(self.listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::debug!("RPC connections were cut off");
        }
    }
}

/// Says why, without reading what is asked.
async fn refuse(mut stream: TcpStream, most: usize) {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":null,"error":{{"code":-32005,"message":"limit exceeded: rpc.max_connections is {most}, all are in use; close a connection or try again later"}}}}"#
    );
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    // Whoever is refused may have gone already.
    let _ = tokio::time::timeout(Duration::from_secs(1), answer).await;
}
