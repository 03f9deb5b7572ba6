//! Outcomes of blocks that have run but are not decided yet.

use alloy_primitives::{Address, B256, Bytes};
use bttc_consensus::FeeSplit;
use bttc_primitives::{Account, Receipt, RecoveredBlock};
use bttc_storage::StoredEpoch;
use bttc_trie::{HashedChanges, TrieUpdate};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A block with everything that running it yields.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) block: RecoveredBlock,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) fees: FeeSplit,
    pub(crate) code: BTreeMap<B256, Bytes>,
    pub(crate) changes: HashedChanges,
    pub(crate) trie: TrieUpdate,
    /// The epoch of the next height, if the block closes one.
    pub(crate) next_epoch: Option<StoredEpoch>,
}

impl Executed {
    /// Accounts as the block leaves them.
    pub(crate) fn changed_accounts(&self) -> Vec<(Address, Option<Account>)> {
        self.changes.accounts.values().map(|change| (change.address, change.after)).collect()
    }
}

/// Where a valid block waits for its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Before its certificate is known: this node may vote for it, so it must not be lost.
    OnDisk,
    /// With its certificate.
    InMemory,
}

/// Executed blocks of the next height, by hash.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    executed: Mutex<HashMap<B256, (Arc<Executed>, Keep)>>,
}

impl Outcomes {
    /// A block that has run, and whether it is stored.
    pub(crate) fn get(&self, hash: B256) -> Option<(Arc<Executed>, Keep)> {
        self.executed.lock().get(&hash).cloned()
    }

    pub(crate) fn insert(&self, executed: Arc<Executed>, kept: Keep) {
        self.executed.lock().insert(executed.block.block.hash(), (executed, kept));
    }

    /// Forgets all: the height is decided.
    pub(crate) fn clear(&self) {
        self.executed.lock().clear();
    }
}
