//! The slow model: a plain map of accounts, and tries built from scratch out of it.

use crate::double::{MemorySource, Nodes, Stored};
use alloy_primitives::{Address, B256, U256};
use alloy_rlp::Encodable;
use alloy_trie::HashBuilder;
use bttc_primitives::Account;
use bttc_trie::{
    EMPTY_ROOT_HASH, HashedAccountChange, HashedChanges, HashedSlotChange, Nibbles, TrieAccount, TrieUpdate, state_root,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelAccount {
    pub(crate) account: Account,
    pub(crate) storage: BTreeMap<B256, U256>,
}

pub(crate) type Model = BTreeMap<B256, ModelAccount>;

/// A trie built leaf by leaf: root and branch nodes.
pub(crate) fn build<L: Encodable>(leaves: &BTreeMap<B256, L>) -> (B256, Nodes) {
    let mut builder = HashBuilder::default().with_updates(true);
    for (key, leaf) in leaves {
        builder.add_leaf(Nibbles::unpack(key), &alloy_rlp::encode(leaf));
    }
    let root = builder.root();
    (root, builder.split().1.into_iter().collect())
}

pub(crate) fn rows(model: &Model) -> BTreeMap<B256, TrieAccount> {
    model
        .iter()
        .map(|(key, entry)| {
            let root = if entry.storage.is_empty() {
                EMPTY_ROOT_HASH
            } else {
                alloy_trie::root::storage_root(entry.storage.iter().map(|(slot, value)| (*slot, *value)))
            };
            let Account { nonce, balance, code_hash } = entry.account;
            (*key, TrieAccount::new(nonce, balance, root, code_hash))
        })
        .collect()
}

/// What leads from one model to the other. `wiped` accounts lose their storage first.
pub(crate) fn diff(before: &Model, after: &Model, wiped: &[B256]) -> HashedChanges {
    let mut changes = HashedChanges::default();
    for key in before.keys().chain(after.keys()) {
        let (old, new) = (before.get(key), after.get(key));
        let storage_wiped = wiped.contains(key);
        if old == new && !storage_wiped {
            continue;
        }
        let storage = match new {
            None => BTreeMap::new(),
            Some(new) => {
                let none = BTreeMap::new();
                let old = old.map_or(&none, |old| &old.storage);
                let base = if storage_wiped { &none } else { old };
                base.keys()
                    .chain(new.storage.keys())
                    .map(|slot| {
                        let get = |storage: &BTreeMap<B256, U256>| storage.get(slot).copied().unwrap_or_default();
                        (*slot, HashedSlotChange { slot: U256::ZERO, before: get(old), after: get(&new.storage) })
                    })
                    .filter(|(_, change)| storage_wiped || change.before != change.after)
                    .collect()
            }
        };
        let change = HashedAccountChange {
            address: Address::ZERO,
            before: old.map(|old| old.account),
            after: new.map(|new| new.account),
            storage_wiped,
            storage,
        };
        changes.accounts.insert(*key, change);
    }
    changes
}

/// Runs one block against the stored tries and holds everything that comes out against tries built from scratch.
pub(crate) fn step(source: &mut MemorySource, changes: &HashedChanges, after: &Model) -> TrieUpdate {
    let update = state_root(source, changes).unwrap();
    let rows = rows(after);
    assert_eq!(update.root, alloy_trie::root::state_root(rows.iter().map(|(key, row)| (*key, *row))), "state root");
    for (key, row) in &update.accounts {
        assert_ne!(source.accounts.leaves.get(key), row.as_ref(), "a row is written that did not change");
    }
    for (path, node) in &update.account_nodes {
        assert_ne!(source.accounts.nodes.get(path), node.as_ref(), "a node is written that did not change");
    }
    source.apply(changes, &update);
    let (_, nodes) = build(&rows);
    assert_eq!(source.accounts, Stored { leaves: rows, nodes }, "account trie");
    let storages: BTreeMap<_, _> = after
        .iter()
        .filter(|(_, entry)| !entry.storage.is_empty())
        .map(|(key, entry)| (*key, Stored { leaves: entry.storage.clone(), nodes: build(&entry.storage).1 }))
        .collect();
    assert_eq!(source.storages, storages, "storage tries");
    update
}
