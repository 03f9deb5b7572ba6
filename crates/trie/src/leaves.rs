//! The two kinds of leaves: accounts and storage slots.

use crate::{EMPTY_ROOT_HASH, HashedAccountChange, HashedSlotChange, TrieAccount};
use alloy_primitives::{B256, U256};
use alloy_rlp::Encodable;
use std::collections::BTreeMap;

/// What a walk has to know about the leaves of its trie.
pub(crate) trait Leaves {
    /// What a leaf holds.
    type Leaf: Encodable;
    /// What a change says about a leaf.
    type Change;

    /// The leaf after `change`, if there will be one; `stored` is the leaf before.
    fn apply(&mut self, key: B256, change: &Self::Change, stored: Option<Self::Leaf>) -> Option<Self::Leaf>;

    /// The same for a part of the trie that is walked on its own.
    fn part(&self) -> Self;

    /// Takes in what such a part came to.
    fn absorb(&mut self, part: Self);
}

/// Leaves of a storage trie.
pub(crate) struct SlotLeaves;

impl Leaves for SlotLeaves {
    type Leaf = U256;
    type Change = HashedSlotChange;

    fn apply(&mut self, _key: B256, change: &HashedSlotChange, _stored: Option<U256>) -> Option<U256> {
        (!change.after.is_zero()).then_some(change.after)
    }

    fn part(&self) -> Self {
        Self
    }

    fn absorb(&mut self, _part: Self) {}
}

/// Leaves of the account trie. Knows the storage roots computed before, and keeps what becomes of the rows.
pub(crate) struct AccountLeaves<'a> {
    /// New storage root of every surviving account whose storage changed.
    storage_roots: &'a BTreeMap<B256, B256>,
    /// Rows that changed; none where one is to be deleted.
    pub(crate) rows: BTreeMap<B256, Option<TrieAccount>>,
    /// Accounts that are gone and had storage.
    pub(crate) orphaned: Vec<B256>,
}

impl<'a> AccountLeaves<'a> {
    pub(crate) fn new(storage_roots: &'a BTreeMap<B256, B256>) -> Self {
        Self { storage_roots, rows: BTreeMap::new(), orphaned: Vec::new() }
    }
}

impl Leaves for AccountLeaves<'_> {
    type Leaf = TrieAccount;
    type Change = HashedAccountChange;

    fn apply(&mut self, key: B256, change: &HashedAccountChange, stored: Option<TrieAccount>) -> Option<TrieAccount> {
        let stored_root = stored.as_ref().map_or(EMPTY_ROOT_HASH, |account| account.storage_root);
        let account = change.surviving().map(|account| {
            let storage_root = self.storage_roots.get(&key).copied().unwrap_or(stored_root);
            TrieAccount::new(account.nonce, account.balance, storage_root, account.code_hash)
        });
        if account.is_none() && stored_root != EMPTY_ROOT_HASH {
            self.orphaned.push(key);
        }
        if account != stored {
            self.rows.insert(key, account);
        }
        account
    }

    fn part(&self) -> Self {
        Self::new(self.storage_roots)
    }

    fn absorb(&mut self, mut part: Self) {
        self.rows.append(&mut part.rows);
        self.orphaned.append(&mut part.orphaned);
    }
}
