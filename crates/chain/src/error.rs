//! Why a ledger cannot be opened.

use alloy_primitives::B256;
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
    /// The contract `ValidatorSet` in the genesis holds others than the genesis names.
    #[error(
        "the contract ValidatorSet in the genesis file holds validators with the hash {got}, `config.bttc.validators` has the hash {expected}; make \
         the file with: bttc genesis build PLAN"
    )]
    GenesisVoters {
        /// Hash of those in the contract.
        got: B256,
        /// Hash of those in the configuration.
        expected: B256,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}
