//! A chain of several validators: the engine with its network and the transactions between pool and peers.

use crate::{
    Config, Gossip, NetworkControl, chain_spec,
    supervise::{Stage, Supervisor},
};
use alloy_primitives::Address;
use bttc_bft::{Engine, EngineHandle, EngineSetup};
use bttc_chain::{Chain, ChainEvent};
use bttc_consensus::ConsensusSigner;
use bttc_network::{Identity, Network, NetworkHandle, NetworkService};
use bttc_primitives::{Fatal, ValidatorSet};
use bttc_rpc::{ConsensusView, Progress};
use eyre::{WrapErr, bail};
use futures::{FutureExt, future::BoxFuture};
use std::{path::Path, sync::Arc};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Folder of the engine's log in the data directory.
const LOG_FOLDER: &str = "consensus";

/// What takes part in the decisions of a chain, and does not run yet.
pub(crate) struct Consensus {
    chain: Chain,
    network: NetworkHandle,
    service: NetworkService,
    engine: Engine<Chain, NetworkHandle>,
    progress: EngineHandle,
    /// Our consensus address, if we have a key.
    address: Option<Address>,
}

impl Consensus {
    /// Listens for others and prepares the engine.
    ///
    /// Errors: a section of the configuration that cannot be used, an address that is taken, a file that cannot be read.
    pub(crate) async fn open(
        config: &Config,
        network: &str,
        chain: Chain,
        signer: Option<Arc<dyn ConsensusSigner>>,
        datadir: &Path,
    ) -> eyre::Result<Self> {
        let chain_id = chain.spec().chain_id();
        let Some(identity) = chain.storage().identity()? else { bail!("the database holds no chain") };
        let genesis_hash = identity.genesis_hash;
        let client = crate::launch::CLIENT_VERSION.to_owned();
        let identity = Identity { chain_id, genesis_hash, client, signer: signer.clone() };
        let mut p2p = config.p2p.clone();
        if p2p.bootnodes.is_empty() {
            p2p.bootnodes = chain_spec::bootnodes(network);
        }
        let (network, service) = Network::open(p2p, identity).await.wrap_err("cannot open the network")?;
        network.set_validators(next_validators(&chain)?);
        let setup =
            EngineSetup { chain_id, config: config.consensus.clone(), log_folder: datadir.join(LOG_FOLDER), signer };
        let address = setup.signer.as_ref().map(|signer| signer.address());
        let (progress, engine) = Engine::new(chain.clone(), network.clone(), setup);
        Ok(Self { chain, network, service, engine, progress, address })
    }

    /// The network, as operators see it.
    pub(crate) fn control(&self) -> NetworkControl {
        NetworkControl::new(self.network.clone())
    }

    /// The engine, as people see it.
    pub(crate) fn view(&self) -> EngineView {
        EngineView { engine: self.progress.clone(), address: self.address }
    }

    /// How far the engine is.
    pub(crate) fn progress(&self) -> EngineHandle {
        self.progress.clone()
    }

    /// Starts everything. The network ends last, so that what the engine says at its end still leaves.
    pub(crate) fn spawn(self, tasks: &mut Supervisor) {
        let Self { chain, network, service, engine, .. } = self;
        let gossip = Gossip::new(chain.pool().clone(), network.clone());
        tasks.spawn(Stage::Network, "network", |stop| async move { Ok(service.run(stop).await?) });
        tasks.spawn(Stage::Engine, "consensus", |stop| async move { Ok(engine.run(stop).await?) });
        tasks.spawn(Stage::Engine, "transaction gossip", |stop| async move { Ok(gossip.run(stop).await?) });
        tasks.spawn(
            Stage::Engine,
            "validator set",
            |stop| async move { Ok(tell_validators(chain, network, stop).await?) },
        );
    }
}

/// [`ConsensusView`] over the engine of this node.
#[derive(Clone, Debug)]
pub(crate) struct EngineView {
    engine: EngineHandle,
    address: Option<Address>,
}

impl ConsensusView for EngineView {
    fn progress(&self) -> Option<Progress> {
        self.engine.status().map(|status| Progress {
            deciding: status.height,
            round: status.round,
            address: self.address,
            is_validator: status.is_validator,
            peers: status.peers,
            best_peer: status.best_peer,
        })
    }

    fn dump(&self) -> BoxFuture<'_, Option<serde_json::Value>> {
        async { serde_json::to_value(self.engine.dump().await?).ok() }.boxed()
    }
}

fn next_validators(chain: &Chain) -> Result<ValidatorSet, Fatal> {
    chain.validators(chain.head().height().saturating_add(1))
}

/// Tells the network who votes: their nodes need no free place.
async fn tell_validators(chain: Chain, network: NetworkHandle, stop: CancellationToken) -> Result<(), Fatal> {
    let mut events = chain.subscribe();
    let mut told = next_validators(&chain)?;
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            event = events.recv() => event,
        };
        match event {
            Ok(ChainEvent::Committed(_) | ChainEvent::Reset(_)) | Err(RecvError::Lagged(_)) => {
                let now = next_validators(&chain)?;
                if now != told {
                    network.set_validators(now.clone());
                    told = now;
                }
            }
            // The ledger ends with the node.
            Err(RecvError::Closed) => {
                stop.cancelled().await;
                return Ok(());
            }
        }
    }
}
