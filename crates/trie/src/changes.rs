//! What changed in the state, by the keys of the trie.

use alloy_primitives::{Address, B256, U256, keccak256};
use bttc_primitives::{Account, AccountChange, StateChanges};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Number of keys from which on they are hashed on several cores: below it, waking them costs more than the hashing.
const PARALLEL_KEYS: usize = 256;

/// Changes of the state, keyed as the trie is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashedChanges {
    /// Changed accounts by `keccak256(address)`.
    pub accounts: BTreeMap<B256, HashedAccountChange>,
}

/// What became of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashedAccountChange {
    /// The account's address.
    pub address: Address,
    /// The account before; none if it did not exist.
    pub before: Option<Account>,
    /// The account after; none if it is gone. An empty account (EIP-161) counts as gone.
    pub after: Option<Account>,
    /// Whether all storage it had before was deleted first. `storage` then holds what was written afterwards.
    pub storage_wiped: bool,
    /// Changed slots by `keccak256(slot)`, the slot as 32 bytes, big-endian.
    pub storage: BTreeMap<B256, HashedSlotChange>,
}

/// What became of one storage slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashedSlotChange {
    /// The slot's number.
    pub slot: U256,
    /// Value before.
    pub before: U256,
    /// Value after; zero means that the slot leaves the trie.
    pub after: U256,
}

impl HashedChanges {
    /// Hashes the keys of a block's changes, on several cores when there are many.
    pub fn new(changes: &StateChanges) -> Self {
        let keys = changes
            .accounts
            .values()
            .fold(changes.accounts.len(), |keys, account| keys.saturating_add(account.storage.len()));
        let accounts = if keys < PARALLEL_KEYS {
            changes.accounts.iter().map(|(address, change)| hash_account(*address, change)).collect()
        } else {
            // Collected first: a B-tree is built in one go from pairs, one by one from a parallel stream.
            let pairs: Vec<_> =
                changes.accounts.par_iter().map(|(address, change)| hash_account(*address, change)).collect();
            pairs.into_iter().collect()
        };
        Self { accounts }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

impl HashedAccountChange {
    /// The account as the trie will hold it, if it will.
    ///
    /// Whoever makes the changes leaves out what is not part of the state (EIP-161); an empty account that stands here is kept, as
    /// chains before that rule have them.
    pub(crate) const fn surviving(&self) -> Option<&Account> {
        self.after.as_ref()
    }

    /// Whether the account's storage trie must be computed anew.
    pub(crate) fn changes_storage(&self) -> bool {
        self.storage_wiped || !self.storage.is_empty()
    }
}

fn hash_account(address: Address, change: &AccountChange) -> (B256, HashedAccountChange) {
    let storage = if change.storage.len() < PARALLEL_KEYS {
        change.storage.iter().map(hash_slot).collect()
    } else {
        let pairs: Vec<_> = change.storage.par_iter().map(hash_slot).collect();
        pairs.into_iter().collect()
    };
    let AccountChange { before, after, storage_wiped, .. } = *change;
    (keccak256(address), HashedAccountChange { address, before, after, storage_wiped, storage })
}

fn hash_slot((slot, (before, after)): (&U256, &(U256, U256))) -> (B256, HashedSlotChange) {
    let key = keccak256(slot.to_be_bytes::<32>());
    (key, HashedSlotChange { slot: *slot, before: *before, after: *after })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashing on several cores and on one give the same, and every key is the hash of what stands beside it.
    #[test]
    fn hashes_few_and_many_alike() {
        for slots in [0u64, 3, 1000] {
            let mut changes = StateChanges::default();
            for n in 0..5u8 {
                let storage = (0..slots).map(|s| (U256::from(s), (U256::from(n), U256::from(s)))).collect();
                let after = Some(Account { nonce: u64::from(n), ..Account::default() });
                let change = AccountChange { before: None, after, storage_wiped: n == 2, storage };
                changes.accounts.insert(Address::repeat_byte(n), change);
            }
            let hashed = HashedChanges::new(&changes);
            assert_eq!(hashed.accounts.len(), 5);
            for (key, account) in &hashed.accounts {
                assert_eq!(*key, keccak256(account.address));
                let original = &changes.accounts[&account.address];
                assert_eq!((account.after, account.storage_wiped), (original.after, original.storage_wiped));
                assert_eq!(account.storage.len(), original.storage.len());
                for (key, slot) in &account.storage {
                    assert_eq!(*key, keccak256(B256::from(slot.slot)));
                    assert_eq!((slot.before, slot.after), original.storage[&slot.slot]);
                }
            }
        }
    }
}
