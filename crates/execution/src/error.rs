//! Why a block or a transaction does not run.

use crate::InvalidTransaction;
use bttc_consensus::{InvalidBlock, SignError};
use bttc_primitives::Fatal;

/// Why a block cannot begin.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RunError {
    /// Its header is against the rules.
    #[error(transparent)]
    Invalid(#[from] InvalidBlock),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Why a transaction is not in the block. The state is as it was before.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransactError {
    /// It cannot run on this state; the sender's fault.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// It could run, but not in what is left of this block.
    #[error("transaction may use {needed} gas, the block has {available} left")]
    Full {
        /// Gas limit of the transaction.
        needed: u64,
        /// Gas left in the block, without what is kept for system transactions.
        available: u64,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Why a block cannot end as it should.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FinishError {
    /// Its system transactions are not those that the rules demand, or one of them fails.
    #[error(transparent)]
    Invalid(#[from] InvalidBlock),
    /// It is ours, and its system transactions cannot be signed.
    #[error(transparent)]
    Unsigned(SignError),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<SignError> for FinishError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Fatal(fatal) => Self::Fatal(fatal),
            other => Self::Unsigned(other),
        }
    }
}
