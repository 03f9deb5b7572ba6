//! A `TrieSource` in memory, which takes updates as the store does.

use alloy_primitives::{B256, U256};
use bttc_primitives::Fatal;
use bttc_trie::{BranchNodeCompact, HashedChanges, Nibbles, TrieAccount, TrieCursor, TrieSource, TrieUpdate};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

pub(crate) type Nodes = BTreeMap<Nibbles, BranchNodeCompact>;

/// One stored trie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored<L> {
    pub(crate) leaves: BTreeMap<B256, L>,
    pub(crate) nodes: Nodes,
}

impl<L> Default for Stored<L> {
    fn default() -> Self {
        Self { leaves: BTreeMap::new(), nodes: Nodes::new() }
    }
}

#[derive(Default)]
pub(crate) struct MemorySource {
    pub(crate) accounts: Stored<TrieAccount>,
    pub(crate) storages: BTreeMap<B256, Stored<U256>>,
    /// Nodes and leaves read so far.
    pub(crate) reads: AtomicUsize,
}

pub(crate) struct MemoryCursor<'a, L> {
    stored: Option<&'a Stored<L>>,
    at: Option<B256>,
    reads: &'a AtomicUsize,
}

impl<L: Copy> MemoryCursor<'_, L> {
    fn after(&mut self, key: B256, inclusive: bool) -> Option<(B256, L)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        self.reads.fetch_add(1, Ordering::Relaxed);
        let from = if inclusive { Included(key) } else { Excluded(key) };
        let found = self.stored?.leaves.range((from, Unbounded)).next().map(|(key, leaf)| (*key, *leaf));
        self.at = found.map(|(key, _)| key);
        found
    }
}

impl<L: Copy> TrieCursor for MemoryCursor<'_, L> {
    type Leaf = L;

    fn seek_node(&mut self, path: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let Some(stored) = self.stored else { return Ok(None) };
        Ok(stored.nodes.range(path..).next().map(|(path, node)| (*path, node.clone())))
    }

    fn seek_leaf(&mut self, key: B256) -> Result<Option<(B256, L)>, Fatal> {
        Ok(self.after(key, true))
    }

    fn next_leaf(&mut self) -> Result<Option<(B256, L)>, Fatal> {
        match self.at {
            Some(at) => Ok(self.after(at, false)),
            None => Err(Fatal::new("the walk asked for a leaf after none")),
        }
    }
}

impl TrieSource for MemorySource {
    type Accounts<'a> = MemoryCursor<'a, TrieAccount>;
    type Storage<'a> = MemoryCursor<'a, U256>;

    fn account(&self, hashed_address: B256) -> Result<Option<TrieAccount>, Fatal> {
        Ok(self.accounts.leaves.get(&hashed_address).copied())
    }

    fn account_cursor(&self) -> Result<Self::Accounts<'_>, Fatal> {
        Ok(MemoryCursor { stored: Some(&self.accounts), at: None, reads: &self.reads })
    }

    fn storage_cursor(&self, hashed_address: B256) -> Result<Self::Storage<'_>, Fatal> {
        Ok(MemoryCursor { stored: self.storages.get(&hashed_address), at: None, reads: &self.reads })
    }
}

fn write<K: Ord + Copy, V: Clone>(into: &mut BTreeMap<K, V>, changes: &BTreeMap<K, Option<V>>) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(into.insert(*key, value.clone())),
            None => assert!(into.remove(key).is_some(), "deletes a row that is not there"),
        }
    }
}

impl MemorySource {
    /// Writes a block: the rows and nodes of the update, the slots of the changes.
    pub(crate) fn apply(&mut self, changes: &HashedChanges, update: &TrieUpdate) {
        write(&mut self.accounts.leaves, &update.accounts);
        write(&mut self.accounts.nodes, &update.account_nodes);
        for (key, change) in &update.storage_nodes {
            if change.wiped {
                self.storages.remove(key);
            }
            write(&mut self.storages.entry(*key).or_default().nodes, &change.nodes);
        }
        for (key, change) in &changes.accounts {
            if !self.accounts.leaves.contains_key(key) {
                continue;
            }
            let storage = self.storages.entry(*key).or_default();
            for (slot, value) in &change.storage {
                if value.after.is_zero() {
                    storage.leaves.remove(slot);
                } else {
                    storage.leaves.insert(*slot, value.after);
                }
            }
        }
        self.storages.retain(|_, stored| !stored.leaves.is_empty() || !stored.nodes.is_empty());
    }

    pub(crate) fn take_reads(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }
}
