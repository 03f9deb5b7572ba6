//! Why a block is against the rules.

use alloy_primitives::{Address, B256};
use bttc_primitives::Height;

/// The rule that a block breaks. It is the proposer's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what it is")]
pub enum InvalidBlock {
    #[error("block does not build on the head: parent is {got}, expected {expected}")]
    Parent { got: B256, expected: B256 },
    #[error("height is {got}, expected {expected}")]
    Height { got: Height, expected: Height },
    #[error("{field} is {got}, expected {expected}")]
    Field { field: &'static str, got: String, expected: String },
    #[error("timestamp {got} is outside {earliest} to {latest}")]
    Timestamp { got: u64, earliest: u64, latest: u64 },
    #[error("transaction {index} does not run: {why}")]
    Transaction { index: usize, why: String },
    #[error("transaction {index} is a blob transaction, which this chain does not have")]
    Blob { index: usize },
    #[error("transactions from {index} on need {got} gas, the block has {available} left")]
    GasLimit { index: usize, got: u64, available: u64 },
    #[error("system transaction {index}: {why}")]
    SystemTransaction { index: usize, why: String },
    #[error("certificate of the parent: {0}")]
    LastCommit(String),
    #[error("evidence {index}: {why}")]
    Evidence { index: usize, why: String },
    #[error("block was made by {got}, it is the turn of {expected}")]
    Proposer { got: Address, expected: Address },
    #[error("{0}")]
    Body(String),
}

impl InvalidBlock {
    /// A header field that is not what it must be.
    pub fn field(field: &'static str, got: impl std::fmt::Debug, expected: impl std::fmt::Debug) -> Self {
        Self::Field { field, got: format!("{got:?}"), expected: format!("{expected:?}") }
    }
}
