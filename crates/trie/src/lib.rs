//! The state trie: its root after a block, proofs of what it holds, and the exit tree.
//!
//! Functions of arguments: nothing here opens a file, reads a clock or writes a row. The stored trie is reached through
//! [`TrieSource`], one snapshot of it; what a block changed lies over that snapshot as [`HashedChanges`].
//!
//! What is stored of a trie are its leaves and those branch nodes that have a hashed child ([`BranchNodeCompact`]: which children
//! exist, the hashes of those that are branches, and below which of them more nodes are stored). From that, [`state_root`] goes
//!
//! 1. through the storage trie of every account whose slots changed, side by side when there is enough of it,
//! 2. once through the account trie, with the storage roots of step 1 in the changed accounts,
//!
//! and each time only down paths on which something changed: a child that no change touches enters by its hash, a changed one is
//! opened, and at the bottom stored leaves and changes are merged in key order. What comes out is a [`TrieUpdate`]: the root, and
//! the rows and nodes to write so that the next block finds the trie as this one left it.
//!
//! [`account_proof`] walks the same way, and also down the paths to prove. [`StateRanges`] reads ranges of a state with proof, and
//! [`verify_range`] checks them without any store.
//!
//! Source: Ethereum yellow paper, appendix D (Modified Merkle Patricia Trie); docs/protocol.md, section 7 (exit tree).
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::unwrap_used,
        reason = "tests"
    )
)]

mod changes;
mod empty;
mod exit;
mod leaves;
mod proof;
mod range;
mod rebuild;
mod source;
mod split;
mod state_root;
mod walk;

pub use alloy_trie::{BranchNodeCompact, EMPTY_ROOT_HASH, Nibbles, TrieAccount};
pub use changes::{HashedAccountChange, HashedChanges, HashedSlotChange};
pub use empty::{EmptyCursor, EmptySource};
pub use exit::{
    EXIT_TREE_DEPTH, Exit, ExitForest, ExitNodes, ExitProof, ExitTree, ExitTreeFull, MAX_EXITS, empty_exit_root,
    exit_proof, exit_root,
};
pub use proof::{AccountProof, SlotProof, account_proof};
pub use range::{InvalidRange, RangeEnd, RangeProof, StateRanges, verify_range};
pub use rebuild::Rebuild;
pub use source::{TrieCursor, TrieSource};
pub use state_root::{StorageNodes, TrieUpdate, state_root};
