//! The server as the node holds it.

use crate::{
    RpcConfig, RpcContext, admin, bridge, btt, consensus,
    context::Api,
    debug, dev_chain, dev_state, eth_block, eth_call, eth_chain, eth_filter, eth_logs, eth_send, eth_simulate,
    eth_state, eth_subscribe, eth_wallet,
    http::HttpServer,
    ipc::IpcServer,
    metrics::Metrics,
    middleware::{Limits, ObserveLayer},
    net_web3,
    registry::Registry,
    staking, txpool,
};
use bttc_primitives::Fatal;
use jsonrpsee::server::Methods;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address of HTTP and WebSocket.
    #[error(
        "cannot listen on {address} for JSON-RPC: {source}; choose another rpc.port or rpc.host, or end the program that uses it"
    )]
    Http {
        /// As configured.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The socket file of IPC.
    #[error("cannot listen on {} for JSON-RPC: {source}; choose another rpc.ipc_path, or end the node that uses it", path.display())]
    Ipc {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The JSON-RPC server: bound, not yet serving.
#[derive(Debug)]
pub struct RpcServer {
    http: Option<HttpServer>,
    ipc: Option<IpcServer>,
    shutdown: CancellationToken,
}

impl RpcServer {
    /// Takes the sockets. Connections wait until [`Self::run`].
    pub async fn bind(config: RpcConfig, context: RpcContext) -> Result<Self, BindError> {
        let shutdown = CancellationToken::new();
        let api = Arc::new(Api::new(config.clone(), context, shutdown.clone()));
        let open = methods(api.clone(), config.http_admin);
        let own = methods(api, true);
        let layer = ObserveLayer { metrics: Arc::new(Metrics::new(own.method_names())), limits: Limits::from(&config) };
        let http = if config.enabled {
            let address = SocketAddr::new(config.host, config.port);
            let server = HttpServer::bind(open, layer.clone(), config.clone()).await;
            Some(server.map_err(|source| BindError::Http { address, source })?)
        } else {
            None
        };
        let ipc = match config.ipc_path.clone() {
            Some(path) => {
                let server = IpcServer::bind(&path, own, layer, config).await;
                Some(server.map_err(|source| BindError::Ipc { path, source })?)
            }
            None => None,
        };
        Ok(Self { http, ipc, shutdown })
    }

    /// Address of HTTP and WebSocket, with the port that was taken.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(HttpServer::address)
    }

    /// Socket file of IPC.
    pub fn ipc_path(&self) -> Option<&Path> {
        self.ipc.as_ref().map(IpcServer::path)
    }

    /// Serves until `shutdown`. Requests that run then get three seconds.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let Self { http, ipc, shutdown: stop } = self;
        // Also if this future is dropped: subscriptions end with it.
        let stopping = stop.clone().drop_guard();
        let http = async {
            if let Some(http) = http {
                http.run(stop.clone()).await;
            }
        };
        let ipc = async {
            if let Some(ipc) = ipc {
                ipc.run(stop.clone()).await;
            }
        };
        let watch = async {
            shutdown.cancelled().await;
            drop(stopping);
        };
        tokio::join!(http, ipc, watch);
        Ok(())
    }
}

/// The table of all methods; those of development nodes only where they can work, those of the operator only where `admin` says so.
pub(crate) fn methods(api: Arc<Api>, admin: bool) -> Methods {
    let dev = api.driver.is_some();
    let mut registry = Registry::new(api);
    eth_chain::register(&mut registry);
    eth_chain::register_config(&mut registry);
    eth_block::register(&mut registry);
    eth_state::register(&mut registry);
    eth_call::register(&mut registry);
    eth_simulate::register(&mut registry);
    eth_send::register(&mut registry);
    eth_logs::register(&mut registry);
    eth_filter::register(&mut registry);
    eth_subscribe::register(&mut registry);
    eth_wallet::register(&mut registry);
    net_web3::register(&mut registry);
    txpool::register(&mut registry);
    debug::register(&mut registry);
    consensus::register(&mut registry);
    staking::register(&mut registry);
    btt::register(&mut registry);
    bridge::register(&mut registry);
    if admin {
        admin::register(&mut registry);
    }
    if dev {
        dev_chain::register(&mut registry);
        dev_state::register(&mut registry);
    }
    net_web3::register_modules(&mut registry);
    registry.module.into()
}
