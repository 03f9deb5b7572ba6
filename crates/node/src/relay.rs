//! The relayer inside a node (`bttc node --relay`), and by itself (`bttc bridge relay`).
//!
//! Either way it sees this chain through JSON-RPC alone, so that a slow root chain never delays a block. It is not critical: what fails in it is
//! logged, shown by `bridge_status` and tried again, and the node goes on.

use crate::{
    Config, ValidatorConfig,
    health::{HealthServer, Probe},
    launch, logging, metrics, open_key_file,
};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::{
    config::BridgeConfig,
    relayer::{Relayer, SideKeys},
    root::open_key,
    side::{SideChain, account::SideSigner, rpc::SideRpc},
    status::Status,
};
use bttc_rpc::RpcConfig;
use eyre::{WrapErr, bail};
use futures::FutureExt;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The relayer of a configuration, with all its root chains, and what it says of itself. `config.bridge.path` is filled in.
///
/// `chain_id` is our chain's; `dev_key` the consensus key of a development chain. Decrypts keys, which takes a second each. Blocks.
///
/// Errors: a field of `[bridge]`, a key or a file cannot be used.
pub(crate) fn open(
    config: &Config,
    chain_id: u64,
    dev_key: Option<PrivateKeySigner>,
) -> eyre::Result<(Relayer<SideRpc>, watch::Receiver<Status>)> {
    let mut bridge = config.bridge.clone();
    bridge.check()?;
    if bridge.node.is_empty() {
        bridge.node = own_rpc(&config.rpc)?;
    }
    let consensus = match dev_key {
        Some(key) => Some(key),
        None => consensus_key(&config.validator)?,
    };
    let signer = |key: PrivateKeySigner| Arc::new(key) as Arc<dyn SideSigner>;
    let keys = SideKeys { consensus: consensus.map(signer), payer: payer(&bridge)?.map(signer) };
    let side = SideRpc::new(&bridge.node)?;
    let (mut relayer, status) = Relayer::new(&bridge, side, chain_id, keys)?;
    for root in &bridge.roots {
        relayer.connect(root).wrap_err_with(|| format!("cannot relay for root chain {}", root.root_id))?;
    }
    Ok((relayer, status))
}

/// Runs a relayer apart from its node until `shutdown`. `bridge.node` names the node.
///
/// Errors: the configuration cannot be used, or the node does not answer at the start.
pub async fn relay(mut config: Config, shutdown: CancellationToken) -> eyre::Result<()> {
    logging::init_logging(&config.log)?;
    if config.bridge.node.is_empty() {
        bail!("bridge.node is empty: say which node of this chain to ask, such as --bridge.node http://127.0.0.1:8545")
    }
    if config.bridge.path.as_os_str().is_empty() {
        config.bridge.path = path_in(&launch::datadir(&config)?);
    }
    let recorder = metrics::install(env!("CARGO_PKG_VERSION"))?;
    let chain_id = SideRpc::new(&config.bridge.node)?.chain_id().await?;
    let listen = config.metrics.listen;
    let (relayer, status) = tokio::task::spawn_blocking(move || open(&config, chain_id, None)).await??;
    let health = match listen {
        None => None,
        Some(addr) => Some(HealthServer::bind(addr, recorder, RelayProbe(status)).await?),
    };
    tracing::info!(
        chain_id,
        metrics = health.as_ref().map(|health| tracing::field::display(health.addr())),
        "relayer started"
    );
    let served = async {
        match health {
            Some(health) => health.run(shutdown.clone()).await,
            None => Ok(()),
        }
    };
    let (served, ()) = tokio::join!(served, relayer.run(shutdown.clone()));
    tracing::info!("relayer stopped");
    served
}

/// Runs a relayer beside a node, which goes on without it if a fault of ours ends it.
pub(crate) async fn beside(relayer: Relayer<SideRpc>, stop: CancellationToken) -> eyre::Result<()> {
    let run = AssertUnwindSafe(relayer.run(stop.clone())).catch_unwind();
    if run.await.is_err() {
        tracing::error!(
            "the relayer has ended by a fault of ours, which is worth reporting; the node goes on without it: start it again to relay"
        );
        stop.cancelled().await;
    }
    Ok(())
}

/// Where a relayer keeps its files below a data directory.
pub(crate) fn path_in(datadir: &Path) -> PathBuf {
    datadir.join("bridge")
}

/// JSON-RPC of the node that the relayer runs in.
fn own_rpc(rpc: &RpcConfig) -> eyre::Result<String> {
    if !rpc.enabled {
        bail!(
            "the relayer asks its node over HTTP, which rpc.enabled = false turns off; turn it on, or name another node with bridge.node"
        )
    }
    if rpc.port == 0 {
        bail!("the relayer asks its node over HTTP, so rpc.port must be a port of your choice, not 0")
    }
    let host = match rpc.host {
        IpAddr::V4(host) if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(host) if host.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    Ok(format!("http://{}", SocketAddr::new(host, rpc.port)))
}

/// The key that votes, if this is a validator whose key is at hand.
fn consensus_key(validator: &ValidatorConfig) -> eyre::Result<Option<PrivateKeySigner>> {
    match (&validator.key, &validator.password_file) {
        (Some(key), Some(password_file)) => Ok(Some(open_key_file(key, password_file)?)),
        _ => {
            if validator.remote.is_some() {
                tracing::warn!(
                    "the consensus key is with a remote signer, which signs no ordinary transactions: this relayer vouches for no deposits, and only carries out \
                     and submits what others have vouched for"
                );
            }
            Ok(None)
        }
    }
}

fn payer(bridge: &BridgeConfig) -> eyre::Result<Option<PrivateKeySigner>> {
    match (&bridge.key, &bridge.password_file) {
        (Some(key), Some(password_file)) => Ok(Some(open_key(key, password_file)?)),
        _ => Ok(None),
    }
}

/// Health of a relayer that runs apart.
struct RelayProbe(watch::Receiver<Status>);

impl Probe for RelayProbe {
    fn height(&self) -> u64 {
        self.0.borrow().side_head.unwrap_or_default()
    }

    fn reasons(&self) -> Vec<String> {
        let status = self.0.borrow();
        let unheard = status.side_head.is_none().then(|| "our chain has not answered yet".to_owned());
        let of_root = |(root_id, root): (&u8, &bttc_bridge::status::RootStatus)| {
            root.halted
                .iter()
                .chain(root.errors.values())
                .map(|why| format!("root chain {root_id}: {why}"))
                .collect::<Vec<_>>()
        };
        unheard.into_iter().chain(status.roots.iter().flat_map(of_root)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn its_node_is_asked_where_it_listens() {
        let mut rpc = RpcConfig { port: 8545, ..RpcConfig::default() };
        assert_eq!(own_rpc(&rpc).unwrap(), "http://127.0.0.1:8545");
        rpc.host = "0.0.0.0".parse().unwrap();
        assert_eq!(own_rpc(&rpc).unwrap(), "http://127.0.0.1:8545");
        rpc.host = "::1".parse().unwrap();
        assert_eq!(own_rpc(&rpc).unwrap(), "http://[::1]:8545");
        rpc.port = 0;
        assert!(own_rpc(&rpc).unwrap_err().to_string().contains("rpc.port"));
        rpc.enabled = false;
        assert!(own_rpc(&rpc).unwrap_err().to_string().contains("bridge.node"));
    }

    #[test]
    fn a_relayer_apart_is_ready_once_our_chain_has_answered_and_nothing_stands_still() {
        let (told, seen) = watch::channel(Status::default());
        let probe = RelayProbe(seen);
        assert_eq!(probe.reasons(), ["our chain has not answered yet"]);
        told.send_modify(|status| status.side_head = Some(7));
        assert_eq!((probe.height(), probe.reasons()), (7, Vec::new()));
        told.send_modify(|status| status.roots.entry(2).or_default().halted = Some("a record is missing".to_owned()));
        assert_eq!(probe.reasons(), ["root chain 2: a record is missing"]);
    }
}
