//! The stored tries, as the trie crate walks them.

use crate::{
    ReadTx,
    rows::TableCursor,
    tables::{AccountsTrie, HashedAccounts, HashedStorages, StoragesTrie},
};
use alloy_primitives::{B256, U256};
use bttc_primitives::Fatal;
use bttc_trie::{BranchNodeCompact, Nibbles, TrieAccount, TrieCursor, TrieSource};
use signet_libmdbx::RoSync;

/// Cursor over the account trie.
#[derive(Debug)]
pub struct AccountTrieCursor<'a> {
    nodes: TableCursor<'a, RoSync, AccountsTrie>,
    leaves: TableCursor<'a, RoSync, HashedAccounts>,
}

impl TrieCursor for AccountTrieCursor<'_> {
    type Leaf = TrieAccount;

    fn seek_node(&mut self, path: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        self.nodes.seek(path)
    }

    fn seek_leaf(&mut self, key: B256) -> Result<Option<(B256, TrieAccount)>, Fatal> {
        self.leaves.seek(&key)
    }

    fn next_leaf(&mut self) -> Result<Option<(B256, TrieAccount)>, Fatal> {
        self.leaves.next()
    }
}

/// Cursor over one account's storage trie.
#[derive(Debug)]
pub struct StorageTrieCursor<'a> {
    account: B256,
    nodes: TableCursor<'a, RoSync, StoragesTrie>,
    leaves: TableCursor<'a, RoSync, HashedStorages>,
}

impl StorageTrieCursor<'_> {
    fn own<T, V>(&self, row: Option<((B256, T), V)>) -> Option<(T, V)> {
        row.filter(|((account, _), _)| *account == self.account).map(|((_, key), value)| (key, value))
    }
}

impl TrieCursor for StorageTrieCursor<'_> {
    type Leaf = U256;

    fn seek_node(&mut self, path: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        let row = self.nodes.seek(&(self.account, *path))?;
        Ok(self.own(row))
    }

    fn seek_leaf(&mut self, key: B256) -> Result<Option<(B256, U256)>, Fatal> {
        let row = self.leaves.seek(&(self.account, key))?;
        Ok(self.own(row))
    }

    fn next_leaf(&mut self) -> Result<Option<(B256, U256)>, Fatal> {
        let row = self.leaves.next()?;
        Ok(self.own(row))
    }
}

impl TrieSource for ReadTx {
    type Accounts<'a> = AccountTrieCursor<'a>;
    type Storage<'a> = StorageTrieCursor<'a>;

    fn account(&self, hashed_address: B256) -> Result<Option<TrieAccount>, Fatal> {
        self.rows().get::<HashedAccounts>(&hashed_address)
    }

    fn account_cursor(&self) -> Result<AccountTrieCursor<'_>, Fatal> {
        let rows = self.rows();
        Ok(AccountTrieCursor { nodes: rows.cursor()?, leaves: rows.cursor()? })
    }

    fn storage_cursor(&self, hashed_address: B256) -> Result<StorageTrieCursor<'_>, Fatal> {
        let rows = self.rows();
        Ok(StorageTrieCursor { account: hashed_address, nodes: rows.cursor()?, leaves: rows.cursor()? })
    }
}
