//! The state, newest and older.
//!
//! The two history tables hold a value as it was before a height. So what a key held after block `h` is one seek: the first row of the key
//! above `h`, if it is a row of that key; otherwise nothing has changed since, and the newest state answers.

use crate::{
    codec::{ChangedAccount, without_storage},
    rows::{Access, Rows},
    tables::{AccountsHistory, ChangedRows, HashedAccounts, HashedStorages, StoragesHistory},
};
use alloy_primitives::{Address, B256, U256, keccak256};
use bttc_primitives::{Account, Fatal, Height};
use bttc_trie::{HashedAccountChange, HashedChanges, HashedSlotChange};
use std::collections::BTreeMap;

impl<K: Access> Rows<'_, K> {
    /// The newest account.
    pub(crate) fn account(&self, key: B256) -> Result<Option<Account>, Fatal> {
        Ok(self.get::<HashedAccounts>(&key)?.as_ref().map(without_storage))
    }

    /// The newest value of a slot.
    pub(crate) fn slot(&self, key: B256, slot: B256) -> Result<U256, Fatal> {
        Ok(self.get::<HashedStorages>(&(key, slot))?.unwrap_or_default())
    }

    /// The account after the block at `height`.
    pub(crate) fn account_after(&self, key: B256, height: Height) -> Result<Option<Account>, Fatal> {
        let first = (key, height.saturating_add(1));
        match self.cursor::<AccountsHistory>()?.seek(&first)? {
            Some(((changed, _), before)) if changed == key => Ok(before),
            _ => self.account(key),
        }
    }

    /// The value of a slot after the block at `height`.
    pub(crate) fn slot_after(&self, key: B256, slot: B256, height: Height) -> Result<U256, Fatal> {
        let first = (key, slot, height.saturating_add(1));
        match self.cursor::<StoragesHistory>()?.seek(&first)? {
            Some(((changed, at, _), before)) if changed == key && at == slot => Ok(before),
            _ => self.slot(key, slot),
        }
    }

    /// All slots of an account that hold something.
    pub(crate) fn slots_of(&self, key: B256) -> Result<BTreeMap<B256, U256>, Fatal> {
        let mut cursor = self.cursor::<HashedStorages>()?;
        let mut slots = BTreeMap::new();
        let mut row = cursor.seek(&key)?;
        while let Some(((_, slot), value)) = row.filter(|((account, _), _)| *account == key) {
            slots.insert(slot, value);
            row = cursor.next()?;
        }
        Ok(slots)
    }

    /// What the blocks above `height` changed, in reverse.
    pub(crate) fn changes_since(&self, height: Height) -> Result<HashedChanges, Fatal> {
        let mut changed = BTreeMap::<Address, ChangedAccount>::new();
        let mut cursor = self.cursor::<ChangedRows>()?;
        let mut row = cursor.seek(&height.saturating_add(1))?;
        while let Some((at, changes)) = row.filter(|(at, _)| *at > height) {
            for (address, theirs) in changes.keys.accounts {
                let ours = changed.entry(address).or_default();
                ours.fields |= theirs.fields;
                ours.slots.extend(theirs.slots);
            }
            // No row stands behind the highest height.
            row = if at == Height::MAX { None } else { cursor.next()? };
        }
        let reverse = |(address, changed)| {
            let key = keccak256(address);
            Ok((key, self.reverse(address, key, changed, height)?))
        };
        let accounts = changed.into_iter().map(reverse).collect::<Result<BTreeMap<_, _>, Fatal>>()?;
        let accounts =
            accounts.into_iter().filter(|(_, change)| change.before != change.after || !change.storage.is_empty());
        Ok(HashedChanges { accounts: accounts.collect() })
    }

    fn reverse(
        &self,
        address: Address,
        key: B256,
        changed: ChangedAccount,
        height: Height,
    ) -> Result<HashedAccountChange, Fatal> {
        let before = self.account(key)?;
        let after = if changed.fields { self.account_after(key, height)? } else { before };
        let mut storage = BTreeMap::new();
        for (slot_key, slot) in changed.slots {
            let before = self.slot(key, slot_key)?;
            let after = self.slot_after(key, slot_key, height)?;
            if before != after {
                let slot = slot.unwrap_or_default();
                storage.insert(slot_key, HashedSlotChange { slot, before, after });
            }
        }
        Ok(HashedAccountChange { address, before, after, storage_wiped: false, storage })
    }
}
