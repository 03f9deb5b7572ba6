//! What is wrong with a snapshot. The fault is that of whoever gave it.

use super::ChunkId;
use alloy_primitives::B256;
use bttc_trie::InvalidRange;

/// Why a chunk is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChunk {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// Its bytes are no chunk.
    #[error("it cannot be decoded: {0}")]
    Encoding(String),
    /// It is of another kind.
    #[error("it holds another kind of data than its name says")]
    Kind,
    /// Its accounts are not those of the certified state.
    #[error("its accounts: {0}")]
    Accounts(#[source] InvalidRange),
    /// The slots of one of its accounts are not those of the certified state.
    #[error("the slots of account {account}: {source}")]
    Slots {
        /// `keccak256(address)`.
        account: B256,
        /// What is wrong.
        source: Box<InvalidRange>,
    },
    /// Its parts do not fit each other.
    #[error("{0}")]
    Shape(&'static str),
    /// The block is not that of the manifest.
    #[error("its block: {0}")]
    Block(String),
}

/// Why a snapshot is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSnapshot {
    /// The manifest's bytes are no manifest.
    #[error("the manifest cannot be decoded: {0}")]
    Encoding(String),
    /// A field of the manifest is not what this node needs.
    #[error("{field} of the manifest is {got}, expected {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        got: String,
        /// What it should hold.
        expected: String,
    },
    /// The header is not certified.
    #[error("the certificate of the manifest is refused: {0}")]
    Certificate(String),
    /// The headers before the snapshot's are not its ancestors.
    #[error("header {height} of the manifest is not the ancestor of the one above it")]
    Ancestor {
        /// Height of the header.
        height: u64,
    },
    /// State chunks do not cover all keys.
    #[error("between {chunk} and the one before it, keys of the state are missing; get these two again")]
    Gap {
        /// The chunk behind the gap.
        chunk: ChunkId,
    },
    /// Code that accounts name is in no chunk.
    #[error("code {first} and {more} others are in no chunk of the snapshot")]
    MissingCode {
        /// The first missing one.
        first: B256,
        /// How many more are missing.
        more: usize,
    },
}
