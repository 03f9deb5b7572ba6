//! The oldest state that the history leads back to, and its root.
//!
//! What a key held after a height is the first row of its history above that height, else the newest value. Here that is done for all
//! keys at once, in their order: newest values and histories are two streams that are merged.

use super::{Check, scan::Scan, state::successor};
use crate::{
    ReadTx,
    codec::without_storage,
    tables::{AccountsHistory, Bytecodes, HashedAccounts, HashedStorages, StoragesHistory, Table},
};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use bttc_primitives::{Account, Fatal, Height};
use bttc_trie::{EMPTY_ROOT_HASH, Rebuild, TrieAccount};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Accounts looked at side by side.
const ACCOUNTS: usize = 1_024;

/// Root of the state after the block at `height`; of the genesis as it was written for none, as a development chain may have been
/// changed by hand before its first block.
pub(super) fn root(check: &Check<'_>, read: &ReadTx, height: Option<Height>) -> Result<B256, Fatal> {
    let mut accounts = OldAccounts {
        newest: Scan::new(check, read, &[])?,
        history: Scan::new(check, read, &[])?,
        newest_ahead: None,
        history_ahead: None,
        first: height.map_or(0, |height| height.saturating_add(1)),
    };
    accounts.newest_ahead = accounts.newest.next()?;
    accounts.history_ahead = accounts.next_history()?;
    let mut rebuild = Rebuild::default();
    loop {
        let mut chunk = Vec::new();
        while chunk.len() < ACCOUNTS
            && let Some(old) = accounts.next()?
        {
            chunk.extend(old);
        }
        if chunk.is_empty() {
            return Ok(rebuild.root());
        }
        let first = accounts.first;
        let leaves = chunk.par_iter().map(|old| old.leaf(check, read, first)).collect::<Result<Vec<_>, Fatal>>()?;
        for (key, leaf) in &leaves {
            rebuild.add(*key, leaf)?;
        }
        drop(rebuild.take_nodes());
    }
}

/// An account as it was.
struct OldAccount {
    key: B256,
    account: Account,
    /// Storage root of the newest account; the empty one if it is gone.
    newest_root: B256,
}

impl OldAccount {
    fn leaf(&self, check: &Check<'_>, read: &ReadTx, first: Height) -> Result<(B256, TrieAccount), Fatal> {
        let Self { key, account, newest_root } = *self;
        let code = account.code_hash;
        if code != KECCAK256_EMPTY && read.rows().get_with::<Bytecodes, _>(&code, |_| Ok(()))?.is_none() {
            check.finding::<Bytecodes>(&code, format!("the row is missing: it was the code of account {key}"));
        }
        let changed = read.rows().cursor::<StoragesHistory>()?.seek_raw(key.as_slice())?;
        let storage_root = match changed.filter(|(row, _)| row.starts_with(key.as_slice())) {
            Some(_) => storage_root(check, read, key, first)?,
            None => newest_root,
        };
        Ok((key, TrieAccount::new(account.nonce, account.balance, storage_root, code)))
    }
}

struct OldAccounts<'a, 'tx> {
    newest: Scan<'a, 'tx, HashedAccounts>,
    history: Scan<'a, 'tx, AccountsHistory>,
    newest_ahead: Option<(B256, TrieAccount)>,
    /// Of each key the first row from height `first` on.
    history_ahead: Option<(B256, Option<Account>)>,
    first: Height,
}

impl OldAccounts<'_, '_> {
    /// The next key; inner none where the account did not exist then.
    fn next(&mut self) -> Result<Option<Option<OldAccount>>, Fatal> {
        let order = match (&self.newest_ahead, &self.history_ahead) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((newest, _)), Some((changed, _))) => newest.cmp(changed),
        };
        let newest = if order.is_le() { self.newest_ahead.take() } else { None };
        let changed = if order.is_ge() { self.history_ahead.take() } else { None };
        if newest.is_some() {
            self.newest_ahead = self.newest.next()?;
        }
        if changed.is_some() {
            self.history_ahead = self.next_history()?;
        }
        let newest_root = newest.as_ref().map_or(EMPTY_ROOT_HASH, |(_, account)| account.storage_root);
        let old = match (newest, changed) {
            (_, Some((key, before))) => before.map(|account| (key, account)),
            (Some((key, account)), None) => Some((key, without_storage(&account))),
            (None, None) => None,
        };
        Ok(Some(old.map(|(key, account)| OldAccount { key, account, newest_root })))
    }

    fn next_history(&mut self) -> Result<Option<(B256, Option<Account>)>, Fatal> {
        while let Some(((key, height), before)) = self.history.next()? {
            if height < self.first {
                continue;
            }
            match successor(key) {
                Some(next) => self.history.seek(next.as_slice())?,
                None => self.history.end(),
            }
            return Ok(Some((key, before)));
        }
        Ok(None)
    }
}

/// Root of an account's storage as it was before height `first`.
fn storage_root(check: &Check<'_>, read: &ReadTx, key: B256, first: Height) -> Result<B256, Fatal> {
    let mut newest = Scan::<HashedStorages>::new(check, read, key.as_slice())?;
    let mut history = Scan::<StoragesHistory>::new(check, read, key.as_slice())?;
    let mut newest_ahead = newest.next()?.map(|((_, slot), value)| (slot, value));
    let mut history_ahead = next_slot(&mut history, key, first)?;
    let mut rebuild = Rebuild::default();
    loop {
        let order = match (&newest_ahead, &history_ahead) {
            (None, None) => return Ok(rebuild.root()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((newest, _)), Some((changed, _))) => newest.cmp(changed),
        };
        let current = if order.is_le() { newest_ahead.take() } else { None };
        let changed = if order.is_ge() { history_ahead.take() } else { None };
        if current.is_some() {
            newest_ahead = newest.next()?.map(|((_, slot), value)| (slot, value));
        }
        if changed.is_some() {
            history_ahead = next_slot(&mut history, key, first)?;
        }
        if let Some((slot, value)) = changed.or(current).filter(|(_, value)| !value.is_zero()) {
            rebuild.add(slot, &value)?;
        }
        drop(rebuild.take_nodes());
    }
}

/// The next changed slot with its value before height `first`.
fn next_slot(
    history: &mut Scan<'_, '_, StoragesHistory>,
    key: B256,
    first: Height,
) -> Result<Option<(B256, U256)>, Fatal> {
    while let Some(((_, slot, height), before)) = history.next()? {
        if height < first {
            continue;
        }
        match successor(slot) {
            Some(next) => history.seek(&[key.as_slice(), next.as_slice()].concat())?,
            None => history.end(),
        }
        return Ok(Some((slot, before)));
    }
    Ok(None)
}

/// Name for findings about a whole old state.
pub(super) const TABLE: &str = AccountsHistory::NAME;
