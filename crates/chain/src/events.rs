//! What subscribers are told.

use bttc_consensus::FeeSplit;
use bttc_primitives::{Head, Receipt, RecoveredBlock};
use std::sync::Arc;

/// A block that has become final, with what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedBlock {
    /// The block with its senders.
    pub block: RecoveredBlock,
    /// Receipts in the order of the transactions.
    pub receipts: Vec<Receipt>,
    /// Where its fees went.
    pub fees: FeeSplit,
}

/// Something that happened to the ledger.
#[derive(Clone, Debug)]
pub enum ChainEvent {
    /// A block is final.
    Committed(Arc<CommittedBlock>),
    /// A development chain was set back to this block.
    Reset(Arc<Head>),
}
