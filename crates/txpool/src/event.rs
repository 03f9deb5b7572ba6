//! What the pool tells its subscribers.

use crate::{Part, PoolTransaction};
use alloy_primitives::B256;
use std::sync::Arc;

/// A change of the pool.
#[derive(Clone, Debug)]
pub enum PoolEvent {
    /// Taken in, and into which part. One that enters as pending gets no [`PoolEvent::Ready`].
    Added(Arc<PoolTransaction>, Part),
    /// Became pending some time after it was taken in.
    Ready(Arc<PoolTransaction>),
    /// Left the pool.
    Dropped {
        /// Hash of the transaction.
        hash: B256,
        /// Why it left.
        why: DropReason,
    },
}

/// Why a transaction left the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// It is in a block.
    Mined,
    /// Another transaction with its nonce is in a block.
    Overtaken,
    /// Its sender replaced it.
    Replaced {
        /// Hash of the replacement.
        by: B256,
    },
    /// The pool is full and others pay more.
    Underpriced,
    /// The sender has too many transactions, and one with a lower nonce needed the place.
    AccountFull,
    /// It was queued too long.
    Expired,
    /// Its sender has become a contract.
    SenderIsContract,
    /// Taken out by hand.
    Removed,
    /// The sender's account could not be read, so nothing is known about it.
    Unreadable,
}

impl DropReason {
    /// Label of the metric.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Mined => "mined",
            Self::Overtaken => "overtaken",
            Self::Replaced { .. } => "replaced",
            Self::Underpriced => "underpriced",
            Self::AccountFull => "account_full",
            Self::Expired => "expired",
            Self::SenderIsContract => "sender_is_contract",
            Self::Removed => "removed",
            Self::Unreadable => "unreadable",
        }
    }
}
