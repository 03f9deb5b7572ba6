//! Why a ledger cannot be opened.

use bttc_primitives::{Fatal, InvalidGenesis};

/// The chain, the store and the key do not fit together, or the store fails.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store refuses: another chain, locked, unwritable, a newer format.
    #[error(transparent)]
    Storage(#[from] bttc_storage::OpenError),
    /// The genesis file cannot be used.
    #[error(transparent)]
    Genesis(#[from] InvalidGenesis),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}
