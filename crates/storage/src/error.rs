//! Why a database cannot be opened, and what to do then.

use alloy_primitives::B256;
use bttc_primitives::Fatal;
use std::path::{Path, PathBuf};

/// Why a database was not opened. Nothing in it was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot serve as our database: locked, unwritable, of another format, damaged, or not ours.
    #[error("cannot use the database at {}: {why}; {remedy}", path.display())]
    InvalidDatadir {
        /// Directory of the database.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        remedy: String,
    },
    /// The database holds another chain.
    #[error(
        "the database at {} holds chain {stored_chain_id} with genesis {stored}, but chain {chain_id} with genesis {asked} was asked for; \
         choose another --datadir, or the --chain that the database was made for",
        path.display()
    )]
    WrongGenesis {
        /// Directory of the database.
        path: PathBuf,
        /// Chain id in the database.
        stored_chain_id: u64,
        /// Hash of the genesis block in the database.
        stored: B256,
        /// Chain id that was asked for.
        chain_id: u64,
        /// Hash of the genesis block that was asked for.
        asked: B256,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl OpenError {
    pub(crate) fn datadir(path: &Path, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::InvalidDatadir { path: path.to_owned(), why: why.into(), remedy: remedy.into() }
    }
}
