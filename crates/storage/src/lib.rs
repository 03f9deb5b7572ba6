//! The database: one MDBX environment, one write transaction a block.
//!
//! [`Storage`] opens it, [`ReadTx`] is a snapshot of it, [`WriteTx`] the one transaction that may write. What stands in it is in
//! `tables.rs`, how it is encoded in `codec`.
//!
//! - A block, its receipts, its state, the trie's nodes and its certificate become visible together or not at all.
//! - The state is kept hashed and newest, with its trie beside it; [`ReadTx`] is the [`TrieSource`](bttc_trie::TrieSource) from which the
//!   next root is computed. Older states come from history rows that hold values as they were before a block: one seek a read.
//! - Within a transaction every table is written in the order of its keys, number-keyed tables at their end, so that each page is touched
//!   once.
//! - Sizes of keys and values are checked here: MDBX aborts the process on its own limits.
//! - [`Storage::open`] refuses what it cannot serve with a reason and a remedy ([`OpenError`]) before it changes anything.
//!
//! The past may be pruned ([`WriteTx::prune`]): what is no longer kept is [`Pruned`] in every answer that would need it, never a wrong value.
//!
//! A read transaction keeps the pages of its snapshot: while it lives the file grows with what is replaced. It is for one request;
//! `bttc_storage_oldest_reader_seconds` shows the oldest, and a warning names one that is older than a minute.

mod blocks;
mod codec;
mod config;
mod copy;
mod error;
mod history;
mod history_digest;
mod lock;
mod log_index;
mod metrics;
mod open;
mod prune;
mod read;
mod readers;
mod retention;
mod rows;
mod state;
mod state_import;
mod store;
mod tables;
#[cfg(feature = "test-utils")]
pub mod test_utils;
mod trie_source;
mod unwind;
mod verify;
mod write;
mod write_block;
mod write_state;

#[cfg(test)]
mod tests;

pub use blocks::{StoredProposal, StoredReceipt, StoredTransaction};
#[cfg(any(test, feature = "test-utils"))]
pub use codec::{TABLES, check_row};
pub use config::{Durability, PrunePreset, StorageConfig};
pub use copy::{Copied, CopyProgress, compact};
pub use error::OpenError;
pub use history_digest::{CheckedHistory, HistoryFault};
pub use prune::PruneStep;
pub use read::ReadTx;
pub use retention::{History, HistoryError, Kept, Pruned, Retention};
pub use state::StateView;
pub use state_import::{ANCESTORS, BuiltState, ImportedChain, StatePiece, UnfinishedImport};
pub use store::{Identity, Storage, TableStats};
pub use trie_source::{AccountTrieCursor, StorageTrieCursor};
pub use verify::{BlockPart, BlockRules, CommittedBlock, Finding, Report, Verified, verify};
pub use write::{BlockCommit, StoredEpoch, WriteTx};
