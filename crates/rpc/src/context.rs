//! What every method works on.

use crate::{
    ConsensusView, PeerControl, RpcConfig,
    block_arg::BlockArg,
    bridge_index::BridgeIndex,
    error::{Reply, RpcError},
    fee_oracle::FeeOracle,
    filters::Filters,
    wallet::Wallet,
    workers::Workers,
};
use alloy_signer_local::PrivateKeySigner;
use bttc_chain::{Chain, DriverHandle};
use bttc_primitives::{ChainSpec, Header, Height, RecoveredBlock, RootView};
use bttc_storage::{ReadTx, StateView};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The node behind the server.
#[derive(Clone, Debug)]
pub struct RpcContext {
    /// The ledger.
    pub chain: Chain,
    /// The built-in block driver; on development chains alone.
    pub driver: Option<DriverHandle>,
    /// Keys that `eth_sendTransaction` and its kin may sign with; on development chains alone.
    pub dev_accounts: Vec<PrivateKeySigner>,
    /// Answer to `web3_clientVersion`.
    pub client_version: String,
    /// The network; none where the node talks to no others.
    pub peers: Option<Arc<dyn PeerControl>>,
    /// The engine; none where the node decides no blocks with others.
    pub consensus: Option<Arc<dyn ConsensusView>>,
    /// The relayer; none where the node watches no root chain.
    pub roots: Option<Arc<dyn RootView>>,
}

/// State of the server, shared by all methods.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) chain: Chain,
    pub(crate) driver: Option<DriverHandle>,
    pub(crate) client_version: String,
    pub(crate) peers: Option<Arc<dyn PeerControl>>,
    pub(crate) consensus: Option<Arc<dyn ConsensusView>>,
    roots: Option<Arc<dyn RootView>>,
    /// What the bridge's logs tell.
    pub(crate) bridge: BridgeIndex,
    /// Names this run of the node.
    pub(crate) instance: alloy_primitives::B256,
    pub(crate) config: RpcConfig,
    pub(crate) workers: Workers,
    pub(crate) filters: Filters,
    pub(crate) fees: FeeOracle,
    pub(crate) wallet: Wallet,
    pub(crate) shutdown: CancellationToken,
}

impl Api {
    pub(crate) fn new(config: RpcConfig, context: RpcContext, shutdown: CancellationToken) -> Self {
        let RpcContext { chain, driver, dev_accounts, client_version, peers, consensus, roots } = context;
        let dev = chain.spec().is_dev();
        Self {
            workers: Workers::new(&config),
            filters: Filters::new(&config),
            fees: FeeOracle::default(),
            wallet: Wallet::new(if dev { dev_accounts } else { Vec::new() }),
            driver: driver.filter(|_| dev),
            chain,
            client_version,
            peers,
            consensus,
            roots,
            bridge: BridgeIndex::default(),
            instance: alloy_primitives::B256::random(),
            config,
            shutdown,
        }
    }

    pub(crate) fn spec(&self) -> &Arc<ChainSpec> {
        self.chain.spec()
    }

    pub(crate) fn read(&self) -> Reply<ReadTx> {
        Ok(self.chain.read()?)
    }

    /// The relayer, if it watches a root chain.
    pub(crate) fn root_view(&self, root_id: u8) -> Option<&Arc<dyn RootView>> {
        self.roots.as_ref().filter(|roots| roots.report(root_id).is_some())
    }

    /// The driver of a development chain.
    pub(crate) fn driver(&self) -> Reply<&DriverHandle> {
        self.driver.as_ref().ok_or_else(|| {
            RpcError::unsupported("this method changes the chain by hand; it works with `bttc node --dev` alone")
        })
    }
}

/// Header of the last block of a snapshot.
pub(crate) fn head_of(read: &ReadTx) -> Reply<Header> {
    let head = read.head()?;
    head.map(|head| head.header).ok_or_else(|| RpcError::no_block("the chain has no genesis"))
}

/// Height of the block that a caller named, if the chain has it.
pub(crate) fn find_height(read: &ReadTx, block: BlockArg) -> Reply<Option<Height>> {
    Ok(match block {
        BlockArg::Latest | BlockArg::Pending => Some(head_of(read)?.number),
        BlockArg::Number(number) => (number <= head_of(read)?.number).then_some(number),
        BlockArg::Hash(hash) => read.height_of(hash)?,
    })
}

/// The block that a caller named, if the chain has it.
pub(crate) fn find_block(read: &ReadTx, block: BlockArg) -> Reply<Option<RecoveredBlock>> {
    match find_height(read, block)? {
        Some(height) => Ok(read.recovered_block(height)?),
        None => Ok(None),
    }
}

/// Header of the block that a caller named; an error if there is none.
pub(crate) fn header_at(read: &ReadTx, block: BlockArg) -> Reply<Header> {
    let missing = || {
        let latest = head_of(read).map(|head| head.number).unwrap_or_default();
        RpcError::no_block(format_args!("{block} is unknown; the latest is {latest}"))
    };
    let height = find_height(read, block)?.ok_or_else(missing)?;
    read.header(height)?.ok_or_else(missing)
}

/// State after the block that a caller named, with the block's header.
pub(crate) fn state_at(read: &ReadTx, block: BlockArg) -> Reply<(Header, StateView)> {
    let header = header_at(read, block)?;
    let state = state_after(read, header.number)?;
    Ok((header, state))
}

/// State after a block of the chain.
pub(crate) fn state_after(read: &ReadTx, height: Height) -> Reply<StateView> {
    if head_of(read)?.number == height {
        return Ok(read.state()?);
    }
    read.state_at(height)?.ok_or_else(|| RpcError::no_block(format_args!("block {height} is unknown")))
}
