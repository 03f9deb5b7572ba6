//! The state root after a block.

use crate::{
    BranchNodeCompact, HashedAccountChange, HashedChanges, Nibbles, TrieAccount, TrieSource,
    leaves::{AccountLeaves, SlotLeaves},
    split,
    walk::{Walk, Walked},
};
use alloy_primitives::B256;
use bttc_primitives::Fatal;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Number of changed slots from which on storage tries are walked on several cores.
const PARALLEL_SLOTS: usize = 32;

/// The root after a block, and what to write so that the stored tries become those of that root.
///
/// Slots are not named here: they are those of the changes, and all slots of an account in [`StorageNodes::wiped`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieUpdate {
    /// Root of the account trie.
    pub root: B256,
    /// Changed rows of accounts; none where a row is to be deleted.
    pub accounts: BTreeMap<B256, Option<TrieAccount>>,
    /// Changed branch nodes of the account trie; none where a node is to be deleted.
    pub account_nodes: BTreeMap<Nibbles, Option<BranchNodeCompact>>,
    /// Changed branch nodes of storage tries.
    pub storage_nodes: BTreeMap<B256, StorageNodes>,
}

/// Changes of the branch nodes of one account's storage trie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageNodes {
    /// Whether all nodes and slots stored for the account are to be deleted before the new ones are written.
    pub wiped: bool,
    /// Changed nodes; none where a node is to be deleted.
    pub nodes: BTreeMap<Nibbles, Option<BranchNodeCompact>>,
}

/// The root of the state in `source` with `changes` on top, which are not yet in it.
///
/// Only the `after` side of the changes counts. Storage tries are walked on several cores when enough slots changed, and so are
/// the parts of one trie in which much changed.
/// Errors: what the source reports, or a stored trie that contradicts itself.
pub fn state_root<S: TrieSource>(source: &S, changes: &HashedChanges) -> Result<TrieUpdate, Fatal> {
    let mut storage_nodes = BTreeMap::new();
    let mut storage_roots = BTreeMap::new();
    for (key, walked) in storage_tries(source, changes)? {
        storage_roots.insert(key, walked.root);
        let wiped = changes.accounts.get(&key).is_some_and(|change| change.storage_wiped);
        if wiped || !walked.nodes.is_empty() {
            storage_nodes.insert(key, StorageNodes { wiped, nodes: walked.nodes });
        }
    }
    let leaves = AccountLeaves::new(&storage_roots);
    let Walked { root, leaves, nodes, .. } =
        split::walk("account", || source.account_cursor(), leaves, &changes.accounts)?;
    for key in leaves.orphaned {
        storage_nodes.insert(key, StorageNodes { wiped: true, nodes: BTreeMap::new() });
    }
    Ok(TrieUpdate { root, accounts: leaves.rows, account_nodes: nodes, storage_nodes })
}

/// A walk through one account's storage trie, in one piece.
pub(crate) fn storage_walk<'a, S: TrieSource>(
    source: &'a S,
    key: B256,
    change: &'a HashedAccountChange,
) -> Result<Walk<'a, S::Storage<'a>, SlotLeaves>, Fatal> {
    let cursor = if change.storage_wiped { None } else { Some(source.storage_cursor(key)?) };
    Ok(Walk::new("storage", cursor, SlotLeaves, &change.storage))
}

/// Walks the storage tries of the accounts that stay and whose storage changed.
pub(crate) fn storage_tries<S: TrieSource>(
    source: &S,
    changes: &HashedChanges,
) -> Result<Vec<(B256, Walked<SlotLeaves>)>, Fatal> {
    let tries: Vec<_> = changes
        .accounts
        .iter()
        .filter(|(_, change)| change.changes_storage() && change.surviving().is_some())
        .collect();
    let slots = tries.iter().fold(0usize, |slots, (_, change)| slots.saturating_add(change.storage.len()));
    let walk = |(key, change): &(&B256, &HashedAccountChange)| -> Result<_, Fatal> {
        let walked = if change.storage_wiped {
            storage_walk(source, **key, change)?.run()?
        } else {
            split::walk("storage", || source.storage_cursor(**key), SlotLeaves, &change.storage)?
        };
        Ok((**key, walked))
    };
    if tries.len() > 1 && slots >= PARALLEL_SLOTS {
        tries.par_iter().map(walk).collect()
    } else {
        tries.iter().map(walk).collect()
    }
}
