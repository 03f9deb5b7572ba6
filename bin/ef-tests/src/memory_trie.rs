//! The stored tries of a state, in memory: what the database is to the node.
//!
//! It keeps rows and branch nodes exactly as [`TrieUpdate`] says, so that the next root is computed from them incrementally, as in the node.

use alloy_primitives::{B256, U256};
use bttc_primitives::Fatal;
use bttc_trie::{BranchNodeCompact, HashedChanges, Nibbles, TrieAccount, TrieCursor, TrieSource, TrieUpdate};
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};

/// All tries of one state.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryTrie {
    accounts: Rows<TrieAccount>,
    slots: BTreeMap<B256, Rows<U256>>,
}

#[derive(Clone, Debug)]
struct Rows<L> {
    leaves: BTreeMap<B256, L>,
    nodes: BTreeMap<Nibbles, BranchNodeCompact>,
}

impl<L> Default for Rows<L> {
    fn default() -> Self {
        Self { leaves: BTreeMap::new(), nodes: BTreeMap::new() }
    }
}

impl MemoryTrie {
    /// Writes what a block changed, as the store does.
    pub(crate) fn apply(&mut self, changes: &HashedChanges, update: &TrieUpdate) {
        for (key, account) in &update.accounts {
            match account {
                Some(account) => self.accounts.leaves.insert(*key, *account),
                None => self.accounts.leaves.remove(key),
            };
        }
        write(&mut self.accounts.nodes, &update.account_nodes);
        for (key, nodes) in &update.storage_nodes {
            if nodes.wiped {
                self.slots.remove(key);
            }
            write(&mut self.slots.entry(*key).or_default().nodes, &nodes.nodes);
        }
        for (key, account) in &changes.accounts {
            if account.after.is_none() {
                self.slots.remove(key);
                continue;
            }
            let leaves = &mut self.slots.entry(*key).or_default().leaves;
            for (slot, change) in &account.storage {
                if change.after.is_zero() {
                    leaves.remove(slot);
                } else {
                    leaves.insert(*slot, change.after);
                }
            }
        }
    }
}

fn write<V: Clone>(rows: &mut BTreeMap<Nibbles, V>, changes: &BTreeMap<Nibbles, Option<V>>) {
    for (path, node) in changes {
        match node {
            Some(node) => rows.insert(*path, node.clone()),
            None => rows.remove(path),
        };
    }
}

/// A cursor over the rows of one trie.
#[derive(Debug)]
pub(crate) struct RowCursor<'a, L> {
    rows: Option<&'a Rows<L>>,
    at: Option<B256>,
}

impl<L: Copy> TrieCursor for RowCursor<'_, L> {
    type Leaf = L;

    fn seek_node(&mut self, path: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        let found = self.rows.and_then(|rows| rows.nodes.range(*path..).next());
        Ok(found.map(|(path, node)| (*path, node.clone())))
    }

    fn seek_leaf(&mut self, key: B256) -> Result<Option<(B256, L)>, Fatal> {
        let found = self.rows.and_then(|rows| rows.leaves.range((Included(key), Unbounded)).next());
        self.at = found.map(|(key, _)| *key);
        Ok(found.map(|(key, leaf)| (*key, *leaf)))
    }

    fn next_leaf(&mut self) -> Result<Option<(B256, L)>, Fatal> {
        let Some(at) = self.at else { return Ok(None) };
        let found = self.rows.and_then(|rows| rows.leaves.range((Excluded(at), Unbounded)).next());
        self.at = found.map(|(key, _)| *key);
        Ok(found.map(|(key, leaf)| (*key, *leaf)))
    }
}

impl TrieSource for MemoryTrie {
    type Accounts<'a> = RowCursor<'a, TrieAccount>;
    type Storage<'a> = RowCursor<'a, U256>;

    fn account(&self, hashed_address: B256) -> Result<Option<TrieAccount>, Fatal> {
        Ok(self.accounts.leaves.get(&hashed_address).copied())
    }

    fn account_cursor(&self) -> Result<Self::Accounts<'_>, Fatal> {
        Ok(RowCursor { rows: Some(&self.accounts), at: None })
    }

    fn storage_cursor(&self, hashed_address: B256) -> Result<Self::Storage<'_>, Fatal> {
        Ok(RowCursor { rows: self.slots.get(&hashed_address), at: None })
    }
}
