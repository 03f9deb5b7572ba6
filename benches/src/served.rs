//! A ledger behind the JSON-RPC server, in this process.

use crate::ledger::DevValidator;
use bttc_chain::{Chain, Driver, Mining};
use bttc_rpc::{RpcConfig, RpcContext, RpcServer};
use eyre::{OptionExt, Result};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A server that ends when this is dropped.
#[derive(Debug)]
pub struct Served {
    /// Its JSON-RPC.
    pub url: String,
    stop: CancellationToken,
    _runtime: Runtime,
}

impl Served {
    /// Serves a ledger on a free port; with `mines` it makes a block for each transaction.
    pub fn start(chain: Chain, mines: bool) -> Result<Self> {
        let runtime = Runtime::new()?;
        let stop = CancellationToken::new();
        let mut driver = None;
        if mines {
            let (handle, built_in) = Driver::new(chain.clone(), DevValidator::new()?, Mining::OnDemand);
            runtime.spawn(built_in.run(stop.clone()));
            driver = Some(handle);
        }
        let context = RpcContext {
            chain,
            driver,
            dev_accounts: Vec::new(),
            client_version: "bttc/bench".to_owned(),
            peers: None,
            consensus: None,
            roots: None,
        };
        let server = runtime.block_on(RpcServer::bind(RpcConfig { port: 0, ..RpcConfig::default() }, context))?;
        let url = format!("http://{}", server.http_addr().ok_or_eyre("the server does not listen")?);
        runtime.spawn(server.run(stop.clone()));
        Ok(Self { url, stop, _runtime: runtime })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
