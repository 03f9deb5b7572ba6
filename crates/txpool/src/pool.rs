//! The pool as other crates see it.

use crate::{
    AddError, Added, Best, Committed, Counts, DropReason, InvalidTransaction, Origin, Part, PoolConfig, PoolEvent,
    PoolTransaction,
    inner::Inner,
    journal::Journal,
    metrics::Metrics,
    recovery::RecentSenders,
    sender::Sender,
    upkeep::Updates,
    validate::{Rules, SenderState},
};
use alloy_primitives::{Address, B256, map::AddressMap};
use bttc_primitives::{ChainSpec, Fatal, Header, Recovered, StateReader, Transaction, recover_senders};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tokio::sync::broadcast;

/// Opens the state after the newest committed block.
pub type HeadState = Arc<dyn Fn() -> Result<Box<dyn StateReader>, Fatal> + Send + Sync>;

/// Transactions of one account, in the order of their nonces, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountContent {
    /// Run in the next block if there is room.
    pub pending: Vec<Arc<PoolTransaction>>,
    /// Wait for a lower base fee.
    pub base_fee: Vec<Arc<PoolTransaction>>,
    /// Wait for an earlier nonce or for balance.
    pub queued: Vec<Arc<PoolTransaction>>,
}

/// The pool. Cheap to clone; all clones are one.
///
/// Every method takes a short lock of its own, under which no file is written; the state is read under it only where a block came in between. Lock
/// order: the journal, then the pool.
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    config: Arc<PoolConfig>,
    spec: RwLock<Arc<ChainSpec>>,
    state: HeadState,
    pub(crate) inner: RwLock<Inner>,
    journal: Mutex<Option<Journal>>,
    pub(crate) recent: Mutex<RecentSenders>,
    events: broadcast::Sender<PoolEvent>,
    pub(crate) metrics: Metrics,
}

/// Accounts of senders that the pool does not know, read from one view that opens when it is first needed.
struct Accounts<'a> {
    open: &'a HeadState,
    view: Option<Box<dyn StateReader>>,
    known: AddressMap<SenderState>,
}

impl<'a> Accounts<'a> {
    fn new(open: &'a HeadState) -> Self {
        Self { open, view: None, known: AddressMap::default() }
    }

    fn get(&mut self, address: Address) -> Result<SenderState, Fatal> {
        if let Some(state) = self.known.get(&address) {
            return Ok(*state);
        }
        let view = match &mut self.view {
            Some(view) => view,
            none => none.insert((self.open)()?),
        };
        let state = SenderState::read(view, address)?;
        self.known.insert(address, state);
        Ok(state)
    }

    /// As [`Accounts::get`], but a failure is only logged: an account that cannot be read must not keep the chain from moving on.
    fn get_or_log(&mut self, address: Address) -> Option<SenderState> {
        let state = self.get(address);
        state
            .inspect_err(|error| {
                tracing::error!(%address, %error, "cannot read the account, its transactions leave the pool");
            })
            .ok()
    }
}

impl Pool {
    /// An empty pool on `head`.
    pub fn new(config: PoolConfig, spec: Arc<ChainSpec>, state: HeadState, head: &Header) -> Self {
        let config = Arc::new(config);
        let rules = Rules::after(&spec, head);
        let base_fee = bttc_consensus::next_base_fee(&spec, head).unwrap_or_default();
        let inner = Inner::new(config.clone(), rules, base_fee, head.timestamp);
        let events = broadcast::Sender::new(config.event_buffer.max(1));
        let shared = Shared {
            config,
            spec: RwLock::new(spec),
            state,
            inner: RwLock::new(inner),
            journal: Mutex::new(None),
            recent: Mutex::default(),
            events,
            metrics: Metrics::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes a transaction in, or says why not.
    pub fn add(&self, tx: Recovered<Transaction>, origin: Origin) -> Result<Added, AddError> {
        let mut results = self.add_many(vec![tx], origin);
        results.pop().expect("one result for one transaction")
    }

    /// Takes many in under one lock and one state view; one result each, in their order.
    pub fn add_many(&self, transactions: Vec<Recovered<Transaction>>, origin: Origin) -> Vec<Result<Added, AddError>> {
        let shared = &*self.shared;
        let (rules, epoch) = {
            let inner = shared.inner.read();
            (inner.rules, inner.epoch)
        };
        let mut accounts = Accounts::new(&shared.state);
        // Signatures of authorizations and accounts are checked and read outside of the lock.
        let prepared: Vec<_> =
            transactions.into_iter().map(|tx| self.prepare(tx, origin, &rules, &mut accounts)).collect();
        let mut locals = Vec::new();
        let mut inner = shared.inner.write();
        if inner.epoch != epoch {
            // A block came in between: what was read may be out of date, what is read from now on cannot be.
            accounts = Accounts::new(&shared.state);
        }
        let results = prepared
            .into_iter()
            .map(|tx| {
                let added = inner.admit(tx?, |address| accounts.get(address))?;
                if origin == Origin::Local {
                    locals.extend(inner.by_hash.get(&added.hash).cloned());
                }
                Ok(added)
            })
            .collect::<Vec<Result<Added, AddError>>>();
        for result in &results {
            if let Err(AddError::Invalid(why)) = result {
                shared.metrics.refused(why);
            }
        }
        self.publish(inner, &locals);
        results
    }

    fn prepare(
        &self,
        tx: Recovered<Transaction>,
        origin: Origin,
        rules: &Rules,
        accounts: &mut Accounts<'_>,
    ) -> Result<PoolTransaction, AddError> {
        let cost = rules.check_form(tx.inner())?;
        let sender = tx.signer();
        let tx = PoolTransaction::new(tx, origin, cost, Box::default());
        let known = {
            let inner = self.shared.inner.read();
            // Before its sender is looked at, who may have become too poor for it.
            if inner.by_hash.contains_key(&tx.hash()) {
                return Err(InvalidTransaction::AlreadyKnown { hash: tx.hash() }.into());
            }
            inner.senders.get(&sender).map(|sender| sender.meta.state)
        };
        let state = known.map_or_else(|| accounts.get(sender), Ok)?;
        // Cheap refusals first: a list of authorizations costs a signature check each.
        state.check(&tx, &self.shared.config, rules)?;
        if tx.tx.inner().is_eip7702() {
            let authorities = rules.authorities(tx.tx.inner());
            return Ok(PoolTransaction::new(tx.tx, origin, cost, authorities));
        }
        Ok(tx)
    }

    /// Transactions that can run at `base_fee`, best first.
    pub fn best(&self, base_fee: u64) -> Best {
        Best::new(self.shared.clone(), base_fee)
    }

    /// Other numbers of the rules are in force from the next block on; called before [`Self::on_commit`] of the block before.
    pub fn set_spec(&self, spec: Arc<ChainSpec>) {
        *self.shared.spec.write() = spec;
    }

    /// Follows a new block: its transactions leave, the senders it touched are checked again.
    pub fn on_commit(&self, block: &Committed<'_>) {
        let shared = &*self.shared;
        let rules = Rules::after(&shared.spec.read(), block.header);
        let mined = block.transactions.iter().map(|(hash, ..)| *hash).collect();
        let mut accounts = Accounts::new(&shared.state);
        let mut inner = shared.inner.write();
        let updates = inner.updates(block, |address| accounts.get_or_log(address));
        inner.move_to(rules, block.header, block.next_base_fee, updates, &mined);
        self.publish(inner, &[]);
    }

    /// Reads every sender again; for development chains whose state was changed by hand.
    pub fn reset(&self, header: &Header, next_base_fee: u64) {
        let shared = &*self.shared;
        let rules = Rules::after(&shared.spec.read(), header);
        let mut accounts = Accounts::new(&shared.state);
        let mut inner = shared.inner.write();
        let updates: Updates = inner.senders.keys().map(|address| (*address, accounts.get_or_log(*address))).collect();
        inner.move_to(rules, header, next_base_fee, updates, &Default::default());
        self.publish(inner, &[]);
    }

    /// Takes one out by hand.
    pub fn remove(&self, hash: &B256) -> Option<Arc<PoolTransaction>> {
        let mut inner = self.shared.inner.write();
        let removed = inner.remove(hash, DropReason::Removed);
        self.publish(inner, &[]);
        removed
    }

    /// Takes all out by hand; the answer is how many.
    pub fn drop_all(&self) -> usize {
        let mut inner = self.shared.inner.write();
        let count = inner.by_hash.len();
        let senders: Vec<_> = inner.senders.keys().copied().collect();
        for address in senders {
            inner.remove_sender(address, DropReason::Removed);
        }
        self.publish(inner, &[]);
        count
    }

    /// Tells of what happened, keeps the journal, and ends the lock.
    fn publish(&self, mut inner: RwLockWriteGuard<'_, Inner>, locals: &[Arc<PoolTransaction>]) {
        let shared = &*self.shared;
        for event in std::mem::take(&mut inner.events) {
            shared.metrics.event(&event);
            // Nobody may be listening.
            let _ = shared.events.send(event);
        }
        shared.metrics.size(&inner);
        drop(inner);
        if locals.is_empty() {
            return;
        }
        let mut journal = shared.journal.lock();
        let Some(open) = &mut *journal else { return };
        let mut kept = open.append(locals);
        if kept.is_ok() && open.is_stale(shared.inner.read().locals) {
            kept = Journal::write(open.path(), &self.locals()).map(|fresh| *open = fresh);
        }
        if let Err(error) = kept {
            tracing::error!(%error, "local transactions of this moment would not survive a restart; free some space on the disk");
        }
    }

    fn locals(&self) -> Vec<Arc<PoolTransaction>> {
        let inner = self.shared.inner.read();
        inner.by_hash.values().filter(|tx| tx.is_local()).cloned().collect()
    }

    /// Opens the journal of local transactions and takes in what it holds; the answer is how many were taken.
    ///
    /// Those that no longer fit the chain are left out, and the file is written anew without them.
    pub fn open_journal(&self, path: &Path) -> Result<usize, Fatal> {
        let mut transactions = Journal::read(path)?;
        let senders = loop {
            match recover_senders(&transactions, true) {
                Ok(senders) => break senders,
                Err(bad) => drop(transactions.remove(bad.index)),
            }
        };
        let recovered: Vec<_> =
            transactions.into_iter().zip(senders).map(|(tx, sender)| Recovered::new_unchecked(tx, sender)).collect();
        let mut loaded = 0;
        for result in self.add_many(recovered, Origin::Local) {
            match result {
                Ok(_) => loaded += 1,
                Err(AddError::Invalid(why)) => tracing::debug!(%why, "left out of the journal"),
                Err(AddError::Fatal(fatal)) => return Err(fatal),
            }
        }
        let mut journal = self.shared.journal.lock();
        *journal = Some(Journal::write(path, &self.locals())?);
        Ok(loaded)
    }

    /// The transaction with this hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<PoolTransaction>> {
        self.shared.inner.read().by_hash.get(hash).cloned()
    }

    /// Whether the transaction is here.
    pub fn contains(&self, hash: &B256) -> bool {
        self.shared.inner.read().by_hash.contains_key(hash)
    }

    /// The next nonce after the executable transactions of an account; none if it has nothing here.
    pub fn pending_nonce(&self, sender: Address) -> Option<u64> {
        self.shared.inner.read().senders.get(&sender).map(|sender| sender.run_end())
    }

    /// How many are pending, and how many wait for a fee, a nonce or balance.
    pub fn status(&self) -> (usize, usize) {
        let Counts { pending, base_fee, queued } = self.counts();
        (pending, base_fee + queued)
    }

    /// How many stand in each part.
    pub fn counts(&self) -> Counts {
        self.shared.inner.read().counts
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.shared.inner.read().by_hash.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory of all transactions and of the books about them; never above [`PoolConfig::max_bytes`]. Unit: bytes.
    pub fn bytes(&self) -> usize {
        self.shared.inner.read().bytes
    }

    /// Everything, by account.
    pub fn content(&self) -> BTreeMap<Address, AccountContent> {
        let inner = self.shared.inner.read();
        inner.senders.iter().map(|(address, sender)| (*address, content(sender))).collect()
    }

    /// Everything of one account.
    pub fn content_from(&self, sender: Address) -> AccountContent {
        let inner = self.shared.inner.read();
        inner.senders.get(&sender).map(|sender| content(sender)).unwrap_or_default()
    }

    /// The part in which a transaction stands; none if it is not here.
    pub fn part(&self, hash: &B256) -> Option<Part> {
        let inner = self.shared.inner.read();
        inner.by_hash.get(hash).and_then(|tx| inner.part_of(tx))
    }

    /// Events from now on. A subscriber that is too slow loses the oldest ([`PoolConfig::event_buffer`]).
    pub fn subscribe(&self) -> broadcast::Receiver<PoolEvent> {
        self.shared.events.subscribe()
    }
}

fn content(sender: &Sender) -> AccountContent {
    let mut content = AccountContent::default();
    for tx in sender.transactions() {
        match sender.part(tx.nonce()) {
            Part::Pending => content.pending.push(tx.clone()),
            Part::BaseFee => content.base_fee.push(tx.clone()),
            Part::Queued => content.queued.push(tx.clone()),
        }
    }
    content
}

#[cfg(any(test, feature = "test-utils"))]
impl Pool {
    /// Panics unless every index and sum is what counting from scratch gives.
    pub fn check_books(&self) {
        self.shared.inner.read().check_books();
    }
}

#[cfg(test)]
impl Pool {
    /// Transactions and index entries looked at so far.
    pub(crate) fn steps(&self) -> u64 {
        let inner = self.shared.inner.read();
        let senders: u64 = inner.senders.values().map(|sender| sender.steps).sum();
        senders + inner.steps + inner.index.heads.steps
    }
}
