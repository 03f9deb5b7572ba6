//! From configuration to a running node, top to bottom.

use crate::{
    Config, KeySigner, chain_spec,
    consensus::Consensus,
    dev_keys,
    health::HealthServer,
    logging, metrics, open_validator_key,
    readiness::Readiness,
    relay,
    snapshot_sync::{self, Begun},
    supervise::{Stage, Supervisor},
};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::{relayer::Relayer, side::rpc::SideRpc};
use bttc_chain::{
    Chain, Driver, DriverHandle, ForkWatch, Mining, Pruner,
    snapshot::{Shelf, SnapshotService},
};
use bttc_consensus::ConsensusSigner;
use bttc_primitives::{ChainSpec, RootView};
use bttc_rpc::{ConsensusView, PeerControl, RpcContext, RpcServer};
use bttc_storage::{Durability, Storage, StorageConfig};
use eyre::{WrapErr, bail};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// All tasks together have this long to stop. SIGTERM promises five seconds; the rest is for closing the store.
const GRACE: Duration = Duration::from_secs(4);

/// Name and version, as `web3_clientVersion` answers.
pub(crate) const CLIENT_VERSION: &str = concat!("bttc/v", env!("CARGO_PKG_VERSION"));

/// Runs a node until `shutdown` is cancelled or a critical task ends.
///
/// Errors: what could not be opened, or the first task that failed.
pub async fn launch(config: Config, shutdown: CancellationToken) -> eyre::Result<()> {
    Node::open(config).await?.run(shutdown).await
}

/// A node whose doors are bound and which serves nobody yet.
pub struct Node {
    info: NodeInfo,
    chain: Chain,
    driver: Option<Driver>,
    consensus: Option<Consensus>,
    pruner: Option<Pruner>,
    snapshots: Option<SnapshotService>,
    relayer: Option<Relayer<SideRpc>>,
    rpc: RpcServer,
    health: Option<HealthServer<Readiness>>,
    stopping: CancellationToken,
}

/// What a person wants to know about a node that has started.
#[derive(Clone, Debug)]
pub struct NodeInfo {
    /// Name of the chain, where it has one, or the path of its genesis.
    pub network: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Height of the head.
    pub height: u64,
    /// Where the data lies.
    pub datadir: PathBuf,
    /// HTTP and WebSocket.
    pub http: Option<SocketAddr>,
    /// IPC socket.
    pub ipc: Option<PathBuf>,
    /// Metrics and health.
    pub metrics: Option<SocketAddr>,
    /// Funded accounts; on development chains only.
    pub dev_accounts: Vec<PrivateKeySigner>,
}

impl Node {
    /// Opens the store and the ledger and binds every door.
    ///
    /// Errors: the first thing that cannot be opened, with what to do about it.
    pub async fn open(mut config: Config) -> eyre::Result<Self> {
        logging::init_logging(&config.log)?;
        let recorder = metrics::install(env!("CARGO_PKG_VERSION"))?;

        let datadir = datadir(&config)?;
        let storage = open_storage(&mut config, &datadir)?;
        let (network, spec) = spec(&config, &storage)?;
        let role = {
            let (network, spec, config) = (network.clone(), spec.clone(), config.clone());
            // Decrypting a key takes its time.
            tokio::task::spawn_blocking(move || Role::of(&network, &spec, &config)).await??
        };

        let storage = match &role {
            Role::Member(_) => begin_from_snapshot(&config, &network, &spec, storage).await?,
            Role::Dev(_) | Role::Follower => storage,
        };
        let chain = open_chain(&config, spec.clone(), storage, role.signer())?;
        chain.check_forks()?;
        chain.offer_snapshots(Shelf::new(&config.snapshot.path, config.snapshot.keep));
        if config.storage.durability == Durability::Full {
            let kept = chain.pool().open_journal(&datadir.join("pool.journal"))?;
            tracing::debug!(transactions = kept, "local transactions of the last run are pending again");
        }
        let (handle, driver) = role.driver(&chain, config.block_time);
        let pruner = Pruner::new(chain.clone(), config.storage.retention())?;
        let snapshots = SnapshotService::new(chain.clone(), &config.snapshot, &config.snapshot.path);

        let consensus = match &role {
            Role::Member(signer) => {
                Some(Consensus::open(&config, &network, chain.clone(), signer.clone(), &datadir).await?)
            }
            Role::Dev(_) | Role::Follower => None,
        };

        let due_every = match &role {
            Role::Dev(_) => config.block_time,
            Role::Member(_) => Some(spec.timing().idle_time),
            Role::Follower => None,
        };
        let stopping = CancellationToken::new();
        let health = match config.metrics.listen {
            None => None,
            Some(addr) => {
                let progress = consensus.as_ref().map(Consensus::progress);
                let readiness = Readiness::new(chain.clone(), due_every, progress, stopping.clone());
                Some(HealthServer::bind(addr, recorder, readiness).await?)
            }
        };
        let relayer = match config.bridge.relay {
            false => None,
            true => {
                let (config, chain_id, dev_key) = (config.clone(), spec.chain_id(), role.dev_key());
                let opened = tokio::task::spawn_blocking(move || relay::open(&config, chain_id, dev_key)).await?;
                Some(opened.wrap_err("the relayer cannot start; mend it, or leave out --relay")?.0)
            }
        };
        let dev_accounts = if role.is_dev() { dev_keys::dev_accounts() } else { Vec::new() };
        let context = RpcContext {
            chain: chain.clone(),
            driver: handle,
            dev_accounts: dev_accounts.clone(),
            client_version: CLIENT_VERSION.to_owned(),
            peers: consensus.as_ref().map(|consensus| Arc::new(consensus.control()) as Arc<dyn PeerControl>),
            consensus: consensus.as_ref().map(|consensus| Arc::new(consensus.view()) as Arc<dyn ConsensusView>),
            roots: relayer.as_ref().map(|relayer| Arc::new(relayer.view()) as Arc<dyn RootView>),
        };
        let rpc = RpcServer::bind(config.rpc, context).await?;

        let info = NodeInfo {
            network,
            chain_id: spec.chain_id(),
            height: chain.head().height(),
            datadir,
            http: rpc.http_addr(),
            ipc: rpc.ipc_path().map(Path::to_owned),
            metrics: health.as_ref().map(HealthServer::addr),
            dev_accounts,
        };
        Ok(Self { info, chain, driver, consensus, pruner, snapshots, relayer, rpc, health, stopping })
    }

    /// Addresses, chain and accounts.
    pub const fn info(&self) -> &NodeInfo {
        &self.info
    }

    /// Serves until `shutdown` is cancelled or a critical task ends; every task has stopped and the store is closed on return.
    ///
    /// Errors: the first task that failed.
    pub async fn run(self, shutdown: CancellationToken) -> eyre::Result<()> {
        let Self { info, chain, driver, consensus, pruner, snapshots, relayer, rpc, health, stopping } = self;
        tracing::info!(network = info.network, chain_id = info.chain_id, height = info.height, http = info.http.map(tracing::field::display), datadir = %info.datadir.display(), "node started");
        let mut tasks = Supervisor::new();
        tasks.spawn(Stage::Doors, "rpc", |stop| async move { Ok(rpc.run(stop).await?) });
        if let Some(health) = health {
            tasks.spawn(Stage::Doors, "metrics", |stop| health.run(stop));
        }
        if let Some(driver) = driver {
            tasks.spawn(Stage::Engine, "block driver", |stop| async move { Ok(driver.run(stop).await?) });
        }
        if let Some(consensus) = consensus {
            consensus.spawn(&mut tasks);
        }
        let forks = ForkWatch::new(chain.clone());
        tasks.spawn(Stage::Engine, "fork watch", |stop| async move { Ok(forks.run(stop).await?) });
        if let Some(pruner) = pruner {
            tasks.spawn(Stage::Engine, "pruner", |stop| async move { Ok(pruner.run(stop).await?) });
        }
        if let Some(snapshots) = snapshots {
            tasks.spawn(Stage::Engine, "snapshots", |stop| async move { Ok(snapshots.run(stop).await?) });
        }
        if let Some(relayer) = relayer {
            tasks.spawn(Stage::Doors, "relayer", |stop| relay::beside(relayer, stop));
        }
        let result = tasks.run(shutdown, GRACE).await;
        stopping.cancel();
        let head = chain.head();
        // The last handle closes the database.
        drop(chain);
        tracing::info!(height = head.height(), hash = %head.hash, "node stopped");
        result
    }
}

/// The database, filled from a snapshot of peers where it is empty and the configuration asks for it.
async fn begin_from_snapshot(
    config: &Config,
    network: &str,
    spec: &Arc<ChainSpec>,
    storage: Storage,
) -> eyre::Result<Storage> {
    if !config.snapshot.sync || storage.read()?.head()?.is_some() {
        return Ok(storage);
    }
    match snapshot_sync::begin(config, network, spec, &storage).await? {
        Begun::FromSnapshot(height) => tracing::info!(height, "the chain begins with a snapshot"),
        Begun::FromNothing if storage.read()?.unfinished_import()?.is_some() => {
            drop(storage);
            let path = &config.storage.path;
            std::fs::remove_dir_all(path)
                .wrap_err_with(|| format!("cannot remove the unfinished snapshot in {}", path.display()))?;
            return Ok(Storage::open(&config.storage)?);
        }
        Begun::FromNothing => {}
    }
    Ok(storage)
}

/// Creates the store of `config.network` in its datadir, or checks that it is there; height of its head.
///
/// Errors: the datadir holds another chain, or cannot be written.
pub fn init_datadir(mut config: Config) -> eyre::Result<NodeInfo> {
    let datadir = datadir(&config)?;
    let storage = open_storage(&mut config, &datadir)?;
    let (network, spec) = spec(&config, &storage)?;
    let chain = open_chain(&config, spec.clone(), storage, None)?;
    Ok(NodeInfo {
        network,
        chain_id: spec.chain_id(),
        height: chain.head().height(),
        datadir,
        http: None,
        ipc: None,
        metrics: None,
        dev_accounts: Vec::new(),
    })
}

/// Where the data lies.
pub(crate) fn datadir(config: &Config) -> eyre::Result<PathBuf> {
    match (&config.datadir, &config.network) {
        (Some(datadir), _) => Ok(datadir.clone()),
        (None, Some(network)) => chain_spec::default_datadir(network),
        (None, None) => {
            bail!("which chain? Give --dev, --chain testnet, or --datadir DIR of a node that has run before")
        }
    }
}

/// Opens the database below `datadir`, with the paths of `config` that lie there filled in.
pub(crate) fn open_storage(config: &mut Config, datadir: &Path) -> eyre::Result<Storage> {
    fill_paths(config, datadir);
    std::fs::create_dir_all(datadir).wrap_err_with(|| {
        format!("cannot make the data directory {}; choose another with --datadir DIR", datadir.display())
    })?;
    Ok(Storage::open(&config.storage)?)
}

/// Opens the database of a datadir for reading only, also while a node runs on it.
///
/// Errors: there is none, or it is of another format.
pub fn open_storage_read_only(config: Config) -> eyre::Result<Storage> {
    Ok(Storage::open_read_only(&storage_config(config)?)?)
}

/// Where the database of `config` lies, and its limits.
pub fn storage_config(mut config: Config) -> eyre::Result<StorageConfig> {
    let datadir = datadir(&config)?;
    fill_paths(&mut config, &datadir);
    Ok(config.storage)
}

/// Where a node of this configuration has its IPC socket.
///
/// Errors: it has none, or nothing says which data directory is meant.
pub fn ipc_path(mut config: Config) -> eyre::Result<PathBuf> {
    if config.rpc.ipc_path.is_none() {
        let datadir = datadir(&config)?;
        fill_paths(&mut config, &datadir);
    }
    match config.rpc.ipc_path {
        Some(path) if !path.as_os_str().is_empty() => Ok(path),
        _ => bail!("rpc.ipc_path is empty, so the node has no IPC socket; set it and start the node again"),
    }
}

fn fill_paths(config: &mut Config, datadir: &Path) {
    if config.storage.path.as_os_str().is_empty() {
        config.storage.path = datadir.join("db");
    }
    if config.p2p.path.as_os_str().is_empty() {
        config.p2p.path = datadir.join("network");
    }
    if config.snapshot.path.as_os_str().is_empty() {
        config.snapshot.path = datadir.join("snapshots");
    }
    if config.bridge.path.as_os_str().is_empty() {
        config.bridge.path = relay::path_in(datadir);
    }
    config.rpc.ipc_path = match config.rpc.ipc_path.take() {
        None => Some(datadir.join("bttc.ipc")),
        // The way to say none, where none means the usual place.
        Some(path) => Some(path).filter(|path| !path.as_os_str().is_empty()),
    };
}

/// The chain that was asked for; without a word, the one that the store holds.
pub(crate) fn spec(config: &Config, storage: &Storage) -> eyre::Result<(String, Arc<ChainSpec>)> {
    if let Some(network) = &config.network {
        let (spec, _) = chain_spec::load_spec(network)?;
        return Ok((network.clone(), Arc::new(spec)));
    }
    let Some(identity) = storage.identity()? else {
        bail!("the data directory is empty; say which chain it shall hold with --chain, or prepare it with `bttc init`")
    };
    let spec = ChainSpec::from_json(&identity.genesis_json).wrap_err("cannot read the genesis kept in the database")?;
    Ok((chain_spec::name_of(identity.chain_id), Arc::new(spec)))
}

pub(crate) fn open_chain(
    config: &Config,
    spec: Arc<ChainSpec>,
    storage: Storage,
    signer: Option<Arc<dyn ConsensusSigner>>,
) -> eyre::Result<Chain> {
    Ok(Chain::open(spec, storage, config.chain.clone(), config.txpool.clone(), signer)?)
}

/// What this node does on its chain.
enum Role {
    /// Makes every block itself, with the public development key.
    Dev(Arc<dyn ConsensusSigner>),
    /// Decides blocks with others, or follows their decisions without a key.
    Member(Option<Arc<dyn ConsensusSigner>>),
    /// Serves the blocks it has; neither makes any nor looks for them.
    Follower,
}

impl Role {
    fn of(network: &str, spec: &ChainSpec, config: &Config) -> eyre::Result<Self> {
        let validator = &config.validator;
        if validator.is_set() && (spec.is_ethereum() || spec.is_dev()) {
            bail!("the chain {network} takes no consensus key of yours; leave [validator] out of the configuration")
        }
        if spec.is_ethereum() {
            return Ok(Self::Follower);
        }
        if spec.is_draft() {
            bail!(
                "the genesis of {network} is a draft: addresses without a key stand for people who are not named yet; name them in its plan and make it \
                 without --draft: bttc genesis build"
            )
        }
        let validators = spec.genesis_validators().wrap_err_with(|| {
            format!("the chain {network} names no validators, so nobody can make its blocks; its genesis is a draft until launch")
        })?;
        let key = dev_keys::dev_validator();
        match validators.members() {
            [only] if spec.is_dev() && only.address == key.address() => Ok(Self::Dev(Arc::new(KeySigner::new(key)))),
            _ if spec.is_dev() => bail!(
                "the genesis of {network} says that it is a development chain, but its validator is not the development key {}; \
                 take `dev` out of it",
                key.address()
            ),
            _ if config.p2p.enabled => Ok(Self::Member(open_validator_key(validator, spec.chain_id())?)),
            _ if validator.is_set() => bail!("a validator has to talk to others, but p2p.enabled is false"),
            _ => Ok(Self::Follower),
        }
    }

    /// The public consensus key of a development chain.
    fn dev_key(&self) -> Option<PrivateKeySigner> {
        self.is_dev().then(dev_keys::dev_validator)
    }

    const fn is_dev(&self) -> bool {
        matches!(self, Self::Dev(_))
    }

    fn signer(&self) -> Option<Arc<dyn ConsensusSigner>> {
        match self {
            Self::Dev(signer) => Some(signer.clone()),
            Self::Member(signer) => signer.clone(),
            Self::Follower => None,
        }
    }

    fn driver(&self, chain: &Chain, block_time: Option<Duration>) -> (Option<DriverHandle>, Option<Driver>) {
        match self {
            Self::Member(_) | Self::Follower => (None, None),
            Self::Dev(signer) => {
                let mining = block_time.map_or(Mining::OnDemand, Mining::Every);
                let (handle, driver) = Driver::new(chain.clone(), signer.clone(), mining);
                (Some(handle), Some(driver))
            }
        }
    }
}
