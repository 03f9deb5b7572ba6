//! A store with nothing in it: what a genesis state is laid over.

use crate::{BranchNodeCompact, Nibbles, TrieAccount, TrieCursor, TrieSource};
use alloy_primitives::{B256, U256};
use bttc_primitives::Fatal;
use std::marker::PhantomData;

/// The state tries of a chain that has no block yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptySource;

/// Cursor over an empty trie.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyCursor<L>(PhantomData<L>);

impl<L> TrieCursor for EmptyCursor<L> {
    type Leaf = L;

    fn seek_node(&mut self, _: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        Ok(None)
    }

    fn seek_leaf(&mut self, _: B256) -> Result<Option<(B256, L)>, Fatal> {
        Ok(None)
    }

    fn next_leaf(&mut self) -> Result<Option<(B256, L)>, Fatal> {
        Ok(None)
    }
}

impl TrieSource for EmptySource {
    type Accounts<'a> = EmptyCursor<TrieAccount>;
    type Storage<'a> = EmptyCursor<U256>;

    fn account(&self, _: B256) -> Result<Option<TrieAccount>, Fatal> {
        Ok(None)
    }

    fn account_cursor(&self) -> Result<Self::Accounts<'_>, Fatal> {
        Ok(EmptyCursor(PhantomData))
    }

    fn storage_cursor(&self, _: B256) -> Result<Self::Storage<'_>, Fatal> {
        Ok(EmptyCursor(PhantomData))
    }
}
