//! The newest state, from its leaves up: accounts, slots, code, and the stored nodes of all tries.

use super::{
    Check,
    blocks::head_height,
    nodes::{Nodes, StoredNodes},
    scan::Scan,
};
use crate::{
    ReadTx,
    tables::{AccountsTrie, Bytecodes, HashedAccounts, HashedStorages, Headers, StoragesTrie, Table},
};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256, hex, keccak256};
use bttc_primitives::Fatal;
use bttc_trie::{BranchNodeCompact, Nibbles, Rebuild, TrieAccount};
use rayon::prelude::*;

/// Accounts looked at side by side.
const ACCOUNTS: usize = 1_024;
/// Leaves after which finished nodes are compared.
const LEAVES: usize = 4_096;

pub(super) fn check(check: &Check<'_>) -> Result<(), Fatal> {
    codes(check)?;
    // One state is one snapshot.
    let read = check.storage.read()?;
    let root = accounts(check, &read)?;
    strays::<HashedStorages>(check, &read)?;
    strays::<StoragesTrie>(check, &read)?;
    let Some(height) = head_height(&read)? else { return Ok(()) };
    let Some(head) = check.get::<Headers>(&read, &height)? else { return Ok(()) };
    // On a development chain the state of the head may have been changed by hand, which its header does not cover.
    let expected = read.patched_root(height)?.unwrap_or(head.header.state_root);
    if root != expected {
        let what = format!("the state root of block {height} is {expected}, but the accounts give {root}");
        check.finding_in(HashedAccounts::NAME, "*".to_owned(), what);
    }
    Ok(())
}

/// Code by its hash.
fn codes(check: &Check<'_>) -> Result<(), Fatal> {
    let read = check.storage.read()?;
    let mut scan = Scan::<Bytecodes>::new(check, &read, &[])?;
    while let Some((hash, code)) = scan.next()? {
        if keccak256(&code) != hash {
            check.finding::<Bytecodes>(&hash, "the code has another hash");
        }
    }
    Ok(())
}

/// Every account with all it has; answers with the state root.
fn accounts(check: &Check<'_>, read: &ReadTx) -> Result<B256, Fatal> {
    let mut scan = Scan::<HashedAccounts>::new(check, read, &[])?;
    let stored = AccountNodes(Scan::new(check, read, &[])?);
    let mut nodes = Nodes::new(stored, |path: &Nibbles, what| check.finding::<AccountsTrie>(path, what))?;
    let mut rebuild = Rebuild::default();
    loop {
        let mut chunk = Vec::new();
        while chunk.len() < ACCOUNTS
            && let Some(row) = scan.next()?
        {
            chunk.push(row);
        }
        let Some((last, _)) = chunk.last() else { break };
        chunk.par_iter().try_for_each(|(key, account)| account_alone(check, read, *key, account))?;
        let last = Nibbles::unpack_array(&last.0);
        for (key, account) in &chunk {
            rebuild.add(*key, account)?;
        }
        nodes.advance(rebuild.take_nodes(), Some(&last))?;
    }
    let root = rebuild.root();
    nodes.advance(rebuild.take_nodes(), None)?;
    Ok(root)
}

/// Code and storage of one account.
fn account_alone(check: &Check<'_>, read: &ReadTx, key: B256, account: &TrieAccount) -> Result<(), Fatal> {
    if account.code_hash != KECCAK256_EMPTY
        && read.rows().get_with::<Bytecodes, _>(&account.code_hash, |_| Ok(()))?.is_none()
    {
        check.finding::<Bytecodes>(&account.code_hash, format!("the row is missing: it is the code of account {key}"));
    }
    let mut slots = Scan::<HashedStorages>::new(check, read, key.as_slice())?;
    let stored = StorageNodes(Scan::new(check, read, key.as_slice())?);
    let mut nodes = Nodes::new(stored, |path: &Nibbles, what| check.finding::<StoragesTrie>(&(key, *path), what))?;
    let (mut rebuild, mut leaves) = (Rebuild::default(), 0usize);
    while let Some(((_, slot), value)) = slots.next()? {
        if value.is_zero() {
            check.finding::<HashedStorages>(&(key, slot), "a slot that holds zero has no row");
            continue;
        }
        rebuild.add(slot, &value)?;
        leaves = leaves.saturating_add(1);
        if leaves.is_multiple_of(LEAVES) {
            nodes.advance(rebuild.take_nodes(), Some(&Nibbles::unpack_array(&slot.0)))?;
        }
    }
    let root = rebuild.root();
    nodes.advance(rebuild.take_nodes(), None)?;
    if root != account.storage_root {
        let what = format!("the storage root of the account is {}, but its slots give {root}", account.storage_root);
        check.finding::<HashedAccounts>(&key, what.clone());
        check.finding_in(HashedStorages::NAME, format!("{key}/*"), what);
    }
    Ok(())
}

/// Rows below accounts that do not exist.
fn strays<T: Table>(check: &Check<'_>, read: &ReadTx) -> Result<(), Fatal> {
    let mut cursor = read.rows().cursor::<T>()?;
    let mut row = cursor.seek_raw(&[])?;
    while let Some((key, _)) = row {
        let Some(account) = key.first_chunk::<32>().map(B256::from) else {
            check.finding_in(T::NAME, hex::encode_prefixed(&key), "the key does not begin with an account");
            row = cursor.next_raw()?;
            continue;
        };
        if read.rows().get_with::<HashedAccounts, _>(&account, |_| Ok(()))?.is_none() {
            check.finding_in(T::NAME, hex::encode_prefixed(&key), format!("its account {account} does not exist"));
        }
        row = match successor(account) {
            Some(next) => cursor.seek_raw(next.as_slice())?,
            None => None,
        };
    }
    Ok(())
}

/// The next larger key.
pub(super) fn successor(key: B256) -> Option<B256> {
    U256::from_be_bytes(key.0).checked_add(U256::ONE).map(B256::from)
}

struct AccountNodes<'a, 'tx>(Scan<'a, 'tx, AccountsTrie>);

impl StoredNodes for AccountNodes<'_, '_> {
    fn next(&mut self) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        self.0.next()
    }
}

struct StorageNodes<'a, 'tx>(Scan<'a, 'tx, StoragesTrie>);

impl StoredNodes for StorageNodes<'_, '_> {
    fn next(&mut self) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        Ok(self.0.next()?.map(|((_, path), node)| (path, node)))
    }
}
