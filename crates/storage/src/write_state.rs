//! Writing what a block changed in the state: the newest state, its tries, and the history.

use crate::{
    codec::{ChangedAccount, ChangedKeys, ChangesRow},
    history_digest::HistoryDigest,
    rows::Rows,
    tables::{
        AccountsHistory, AccountsTrie, Bytecodes, ChangedRows, HashedAccounts, HashedStorages, StoragesHistory,
        StoragesTrie,
    },
};
use alloy_primitives::{B256, Bytes, U256, aliases::B128, map::AddressMap};
use bttc_primitives::{Fatal, Height};
use bttc_trie::{HashedAccountChange, HashedChanges, StorageNodes, TrieUpdate};
use signet_libmdbx::Rw;
use std::collections::BTreeMap;

/// What the history learns of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    /// Nothing: genesis, or going back.
    Nothing,
    /// Values as they were before this block.
    Block(Height),
    /// A later change of the same height: values that the block itself did not change.
    Patch(Height),
}

/// What happens to the slots of one account.
struct SlotPlan {
    /// New values, zero for a slot to be deleted.
    write: BTreeMap<B256, U256>,
    /// Values before, for the history, with the slot's number where it is known.
    before: BTreeMap<B256, (U256, Option<U256>)>,
}

impl Rows<'_, Rw> {
    pub(crate) fn write_code(&self, code: &BTreeMap<B256, Bytes>) -> Result<(), Fatal> {
        let mut table = self.writer::<Bytecodes>()?;
        code.iter().try_for_each(|(hash, code)| table.put_if_absent(hash, code))
    }

    /// Writes changes of the newest state and its tries, and what they replace into the history.
    pub(crate) fn write_state(
        &self,
        changes: &HashedChanges,
        trie: &TrieUpdate,
        recording: Recording,
    ) -> Result<(), Fatal> {
        let slots = self.plan_slots(changes, trie)?;
        match recording {
            Recording::Nothing => {}
            Recording::Block(height) => self.record(changes, &slots, height, false)?,
            Recording::Patch(height) => self.record(changes, &slots, height, true)?,
        }
        let mut table = self.writer::<HashedAccounts>()?;
        for (key, account) in &trie.accounts {
            match account {
                Some(account) => table.put(key, account)?,
                None => table.delete(key)?,
            }
        }
        let mut table = self.writer::<HashedStorages>()?;
        for (key, plan) in &slots {
            for (slot, value) in &plan.write {
                let key = (*key, *slot);
                if value.is_zero() { table.delete(&key)? } else { table.put(&key, value)? }
            }
        }
        self.write_nodes(trie)
    }

    fn plan_slots(&self, changes: &HashedChanges, trie: &TrieUpdate) -> Result<BTreeMap<B256, SlotPlan>, Fatal> {
        let mut plans = BTreeMap::new();
        for (key, change) in &changes.accounts {
            let gone = trie.accounts.get(key).is_some_and(Option::is_none);
            let wiped = trie.storage_nodes.get(key).is_some_and(|nodes| nodes.wiped) || change.storage_wiped;
            let stored = if wiped || gone { self.slots_of(*key)? } else { BTreeMap::new() };
            plans.insert(*key, SlotPlan::new(change, stored, wiped || gone, gone));
        }
        Ok(plans)
    }

    fn record(
        &self,
        changes: &HashedChanges,
        slots: &BTreeMap<B256, SlotPlan>,
        height: Height,
        patch: bool,
    ) -> Result<(), Fatal> {
        let mut keys = ChangedKeys::default();
        let mut table = self.writer::<AccountsHistory>()?;
        for (key, change) in &changes.accounts {
            let plan = slots.get(key);
            let changed = ChangedAccount {
                fields: change.before != change.after,
                slots: plan.into_iter().flat_map(|plan| &plan.before).map(|(slot, (_, name))| (*slot, *name)).collect(),
            };
            if changed.fields {
                let before = change.before;
                match patch {
                    false => table.put(&(*key, height), &before)?,
                    true => table.put_if_absent(&(*key, height), &before)?,
                }
            }
            if changed.fields || !changed.slots.is_empty() {
                keys.accounts.insert(change.address, changed);
            }
        }
        let mut table = self.writer::<StoragesHistory>()?;
        for (key, plan) in slots {
            for (slot, (before, _)) in &plan.before {
                match patch {
                    false => table.put(&(*key, *slot, height), before)?,
                    true => table.put_if_absent(&(*key, *slot, height), before)?,
                }
            }
        }
        self.list_changes(height, keys, |keys| digest_of(height, keys, changes, slots))
    }

    /// Lists what was recorded, with its digest. A patch is added to the list of its height.
    fn list_changes(
        &self,
        height: Height,
        mut keys: ChangedKeys,
        digest: impl FnOnce(&ChangedKeys) -> Result<B128, Fatal>,
    ) -> Result<(), Fatal> {
        if keys.accounts.is_empty() {
            return Ok(());
        }
        let digest = match self.get::<ChangedRows>(&height)? {
            None => digest(&keys)?,
            Some(ChangesRow { keys: before, .. }) => {
                keys.merge(before);
                self.digest_history(height, &keys)?.0
            }
        };
        self.writer::<ChangedRows>()?.put(&height, &ChangesRow { digest, keys })
    }

    fn write_nodes(&self, trie: &TrieUpdate) -> Result<(), Fatal> {
        let mut table = self.writer::<AccountsTrie>()?;
        for (path, node) in &trie.account_nodes {
            match node {
                Some(node) => table.put(path, node)?,
                None => table.delete(path)?,
            }
        }
        for (key, _) in trie.storage_nodes.iter().filter(|(_, nodes)| nodes.wiped) {
            self.delete_storage_nodes(*key)?;
        }
        let mut table = self.writer::<StoragesTrie>()?;
        for (key, StorageNodes { nodes, .. }) in &trie.storage_nodes {
            for (path, node) in nodes {
                match node {
                    Some(node) => table.put(&(*key, *path), node)?,
                    None => table.delete(&(*key, *path))?,
                }
            }
        }
        Ok(())
    }

    fn delete_storage_nodes(&self, key: B256) -> Result<(), Fatal> {
        let mut stale = Vec::new();
        let mut cursor = self.cursor::<StoragesTrie>()?;
        let mut row = cursor.seek(&key)?;
        while let Some((path, _)) = row.filter(|((account, _), _)| *account == key) {
            stale.push(path);
            row = cursor.next()?;
        }
        drop(cursor);
        let mut table = self.writer::<StoragesTrie>()?;
        stale.iter().try_for_each(|path| table.delete(path))
    }
}

/// The digest of what [`Rows::record`] writes where nothing was recorded before.
fn digest_of(
    height: Height,
    keys: &ChangedKeys,
    changes: &HashedChanges,
    slots: &BTreeMap<B256, SlotPlan>,
) -> Result<B128, Fatal> {
    let mut digest = HistoryDigest::new(height, keys);
    // The digest goes by address, the changes by its hash: once through all is cheaper than hashing each again.
    let by_address: AddressMap<_> =
        changes.accounts.iter().map(|(key, change)| (change.address, (key, change))).collect();
    for (address, changed) in &keys.accounts {
        let absent = || Fatal::new(format!("account {address} was recorded, but did not change"));
        let (key, change) = by_address.get(address).ok_or_else(absent)?;
        if changed.fields {
            digest.add(&change.before);
        }
        let plan = slots.get(*key).ok_or_else(absent)?;
        plan.before.values().for_each(|(before, _)| digest.add(before));
    }
    Ok(digest.finish())
}

impl SlotPlan {
    /// `stored` are all slots of the account if they are `wiped`; of an account that is `gone` none is written.
    fn new(change: &HashedAccountChange, stored: BTreeMap<B256, U256>, wiped: bool, gone: bool) -> Self {
        let mut before: BTreeMap<_, _> = stored.iter().map(|(slot, value)| (*slot, (*value, None))).collect();
        let mut write: BTreeMap<_, _> = stored.keys().map(|slot| (*slot, U256::ZERO)).collect();
        for (key, slot) in &change.storage {
            let after = if gone { U256::ZERO } else { slot.after };
            // What was wiped is known from the table; a change within the block may name the value after the wipe.
            let old = if wiped { stored.get(key).copied().unwrap_or_default() } else { slot.before };
            write.insert(*key, after);
            before.insert(*key, (old, Some(slot.slot)));
        }
        before.retain(|key, (old, _)| write.get(key) != Some(old));
        write.retain(|key, value| before.contains_key(key) || !value.is_zero());
        Self { write, before }
    }
}
