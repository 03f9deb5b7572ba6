//! The ledger and what everybody may ask of it.

use crate::{
    ChainConfig, ChainEvent, Clock, OpenError, epochs::Epoch, genesis::write_or_check_genesis, outcomes::Outcomes,
    senders::Foreseen, snapshot::Shelf,
};
use bttc_consensus::{ConsensusSigner, next_base_fee};
use bttc_primitives::{ChainSpec, Evidence, Fatal, Head, StateReader};
use bttc_storage::{ReadTx, Storage};
use bttc_txpool::{HeadState, Pool, PoolConfig};
use parking_lot::{Mutex, RwLock};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use tokio::sync::broadcast;

/// The ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Chain {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) spec: Arc<ChainSpec>,
    pub(crate) config: ChainConfig,
    pub(crate) storage: Storage,
    pub(crate) pool: Pool,
    pub(crate) signer: Option<Arc<dyn ConsensusSigner>>,
    /// Rules of the next height; none under the `ethereum` spec.
    pub(crate) epoch: RwLock<Option<Arc<Epoch>>>,
    pub(crate) head: RwLock<Arc<Head>>,
    pub(crate) outcomes: Outcomes,
    /// Senders of blocks that come soon.
    pub(crate) foreseen: Foreseen,
    pub(crate) evidence: Mutex<Vec<Evidence>>,
    /// What peers that start are given.
    pub(crate) shelf: OnceLock<Shelf>,
    pub(crate) events: broadcast::Sender<ChainEvent>,
    pub(crate) clock: Clock,
    /// Held while the store is written: one writer.
    pub(crate) writer: Mutex<()>,
}

impl Chain {
    /// Opens the ledger of `spec` in `storage`: writes the genesis block into an empty store, checks it in any other.
    ///
    /// `signer` holds the consensus key, where this node may propose.
    pub fn open(
        spec: Arc<ChainSpec>,
        storage: Storage,
        config: ChainConfig,
        pool_config: PoolConfig,
        signer: Option<Arc<dyn ConsensusSigner>>,
    ) -> Result<Self, OpenError> {
        let head = write_or_check_genesis(&spec, &storage)?;
        let state_of_head: HeadState = {
            let storage = storage.clone();
            Arc::new(move || Ok(Box::new(storage.read()?.state()?) as Box<dyn StateReader>))
        };
        let pool = Pool::new(pool_config, spec.clone(), state_of_head, &head.header);
        let events = broadcast::Sender::new(config.event_buffer);
        let inner = Inner {
            spec,
            config,
            storage,
            pool,
            signer,
            epoch: RwLock::default(),
            head: RwLock::new(Arc::new(head)),
            outcomes: Outcomes::default(),
            foreseen: Foreseen::default(),
            evidence: Mutex::default(),
            shelf: OnceLock::new(),
            events,
            clock: Clock::default(),
            writer: Mutex::default(),
        };
        let chain = Self { inner: Arc::new(inner) };
        chain.open_epoch()?;
        Ok(chain)
    }

    /// The network, with the numbers of genesis; those in force has [`Self::spec_at`].
    pub fn spec(&self) -> &Arc<ChainSpec> {
        &self.inner.spec
    }

    /// The last committed block.
    pub fn head(&self) -> Arc<Head> {
        self.inner.head.read().clone()
    }

    /// The store.
    pub fn storage(&self) -> &Storage {
        &self.inner.storage
    }

    /// A snapshot of the store, to be given back soon.
    pub fn read(&self) -> Result<ReadTx, Fatal> {
        self.inner.storage.read()
    }

    /// Pending transactions.
    pub fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    /// The time that blocks get.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// What happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<ChainEvent> {
        self.inner.events.subscribe()
    }

    /// Base fee of the next block; none before London. Unit: wei per gas.
    pub fn next_base_fee(&self) -> Option<u64> {
        let epoch = self.inner.epoch.read().clone();
        let spec = epoch.as_ref().map_or(&self.inner.spec, |epoch| &epoch.spec);
        next_base_fee(spec, &self.head().header)
    }

    /// Whether a transaction waits that the next block could include.
    pub(crate) fn has_ready_transactions(&self) -> bool {
        let base_fee = self.next_base_fee().unwrap_or_default();
        self.inner.pool.best(base_fee).next().is_some()
    }

    /// Runs work that computes or writes on a thread of its own.
    pub(crate) async fn blocking<T: Send + 'static, E: From<Fatal> + Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let chain = self.clone();
        tokio::task::spawn_blocking(move || work(chain))
            .await
            .map_err(|error| Fatal::while_doing("running a task of the ledger", error))?
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head();
        f.debug_struct("Chain")
            .field("chain_id", &self.inner.spec.chain_id())
            .field("height", &head.height())
            .field("hash", &head.hash)
            .finish_non_exhaustive()
    }
}
