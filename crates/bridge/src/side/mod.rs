//! Our own chain as the relayer sees it: through JSON-RPC alone, so that it may run inside a node or apart from it.
//!
//! - [`SideChain`] is the seam; [`rpc`] implements it over HTTP, tests do in memory.
//! - [`views`] are the questions to contracts, typed.
//! - [`account`] sends transactions from one account, one at a time.
//!
//! A decided block is final: the head never moves back, and nothing that is read here changes later.

use crate::checkpoint::ReadyCheckpoint;
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use std::future::Future;

pub mod account;
pub mod rpc;
pub mod views;

/// A block of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideBlock {
    /// Height.
    pub height: u64,
    /// Hash.
    pub hash: B256,
    /// Unit: seconds.
    pub time: u64,
    /// Unit: wei for a gas.
    pub base_fee: u128,
}

/// A log of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideLog {
    /// Height of its block.
    pub height: u64,
    /// Topics and data.
    pub data: LogData,
}

/// Which logs of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideFilter {
    /// Contract that made them.
    pub address: Address,
    /// First topic: the event.
    pub event: B256,
    /// The topics after it; none is any.
    pub topics: [Option<B256>; 3],
}

/// An account of ours, after the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideAccountState {
    /// Its next nonce.
    pub nonce: u64,
    /// Unit: wei.
    pub balance: U256,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideReceipt {
    /// Height of its block.
    pub height: u64,
    /// Whether it did what it should.
    pub succeeded: bool,
}

/// Why our node has no answer of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SideError {
    /// It cannot be reached, or is in trouble. Try again.
    #[error("our node at {url} does not answer about {what}: {why}; is it running, and is this the right address?")]
    Unavailable {
        /// Where it should be.
        url: String,
        /// The question.
        what: String,
        /// What went wrong.
        why: String,
    },
    /// It answers with an error.
    #[error("our node refuses {what}: {why} (code {code})")]
    Refused {
        /// The question.
        what: String,
        /// Error code of JSON-RPC.
        code: i64,
        /// What it says.
        why: String,
    },
    /// A contract of ours reverts.
    #[error("the call of {to} reverts: {reason}")]
    Reverted {
        /// Whom.
        to: Address,
        /// Message or selector.
        reason: String,
        /// As the contract gave it.
        data: Bytes,
    },
    /// Its answers do not fit together, or not with the root chain. A person must look.
    #[error("{0}")]
    Contradiction(String),
    /// No signature, or no money for fees.
    #[error("{0}")]
    Account(String),
}

impl SideError {
    /// Whether the contract reverted with the error that has this selector.
    pub fn is_revert(&self, selector: [u8; 4]) -> bool {
        matches!(self, Self::Reverted { data, .. } if data.get(..4) == Some(selector.as_slice()))
    }
}

/// Our chain.
pub trait SideChain: Send + Sync + 'static {
    /// EIP-155 id.
    fn chain_id(&self) -> impl Future<Output = Result<u64, SideError>> + Send;

    /// The last block.
    fn head(&self) -> impl Future<Output = Result<SideBlock, SideError>> + Send;

    /// A block.
    fn block(&self, height: u64) -> impl Future<Output = Result<SideBlock, SideError>> + Send;

    /// What a call answers on the state of the head. `from` is the zero address if none.
    ///
    /// Errors: [`SideError::Reverted`].
    fn call(
        &self,
        from: Option<Address>,
        to: Address,
        data: Bytes,
    ) -> impl Future<Output = Result<Bytes, SideError>> + Send;

    /// Logs of the blocks `from` to `to`, both included, in their order. Any length: it is asked in pages.
    fn logs(
        &self,
        from: u64,
        to: u64,
        filter: &SideFilter,
    ) -> impl Future<Output = Result<Vec<SideLog>, SideError>> + Send;

    /// An account after the head.
    fn account(&self, address: Address) -> impl Future<Output = Result<SideAccountState, SideError>> + Send;

    /// Tip that gets a transaction into a block soon. Unit: wei for a gas.
    fn tip_fee(&self) -> impl Future<Output = Result<u128, SideError>> + Send;

    /// Hands in a signed transaction. That the node has it already is no error.
    fn send(&self, transaction: Bytes) -> impl Future<Output = Result<(), SideError>> + Send;

    /// How a transaction ended; none while no block has it.
    fn receipt(&self, hash: B256) -> impl Future<Output = Result<Option<SideReceipt>, SideError>> + Send;

    /// Hash of the set that signs a block, which is there.
    fn validators_hash(&self, height: u64) -> impl Future<Output = Result<B256, SideError>> + Send;

    /// A decided block as a root chain takes it.
    fn checkpoint(&self, height: u64) -> impl Future<Output = Result<ReadyCheckpoint, SideError>> + Send;
}
