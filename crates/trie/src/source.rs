//! Where a stored trie is read from.

use crate::{BranchNodeCompact, Nibbles, TrieAccount};
use alloy_primitives::{B256, U256};
use bttc_primitives::Fatal;

/// Cursor over one stored trie (the account trie, or one account's storage trie): branch nodes and leaves in key order.
///
/// All answers belong to one snapshot. Nodes and leaves have positions of their own: seeking one leaves the other where it was.
pub trait TrieCursor {
    /// What a leaf holds.
    type Leaf;
    /// The stored branch node at `path`, else the first after it (paths are ordered as nibble sequences).
    fn seek_node(&mut self, path: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal>;
    /// The leaf at `key`, else the first after it.
    fn seek_leaf(&mut self, key: B256) -> Result<Option<(B256, Self::Leaf)>, Fatal>;
    /// The leaf after the last one answered.
    fn next_leaf(&mut self) -> Result<Option<(B256, Self::Leaf)>, Fatal>;
}

/// One snapshot of the stored state tries.
///
/// Shared by threads: each walk opens its own cursor.
pub trait TrieSource: Sync {
    /// Cursor over the account trie.
    type Accounts<'a>: TrieCursor<Leaf = TrieAccount>
    where
        Self: 'a;
    /// Cursor over a storage trie; a leaf holds the slot's value, never zero.
    type Storage<'a>: TrieCursor<Leaf = U256>
    where
        Self: 'a;

    /// The stored account, if it exists.
    fn account(&self, hashed_address: B256) -> Result<Option<TrieAccount>, Fatal>;
    /// Opens the account trie.
    fn account_cursor(&self) -> Result<Self::Accounts<'_>, Fatal>;
    /// Opens an account's storage trie; an empty one if the account has no storage.
    fn storage_cursor(&self, hashed_address: B256) -> Result<Self::Storage<'_>, Fatal>;
}
