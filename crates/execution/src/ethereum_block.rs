//! Judging a block of the `ethereum` spec from its header to its state root.
//!
//! The order is that of `bttc_consensus`: header, body, uncles, the form of each transaction, the run, what came out. The node's import and the
//! runner of Ethereum's tests both go through here.

use crate::{BlockOutcome, BlockRun, EthereumEnd, FinishError, RunError, TransactError};
use alloy_consensus::Eip658Value;
use alloy_eips::eip7685::Requests;
use alloy_primitives::{Address, B256};
use bttc_consensus::{
    EthereumOutputs, InvalidBlock, check_ethereum_body, check_ethereum_header, check_ethereum_ommers,
    check_ethereum_outputs, check_ethereum_transaction,
};
use bttc_primitives::{
    ChainSpec, EthereumHardforks, Fatal, Head, Recovered, SealedBlock, StateChanges, StateReader, recover_senders,
};
use std::sync::Arc;

/// Blocks before a block that its uncles are checked against: six generations, and the parent of the oldest uncle.
pub const OMMER_ANCESTORS: usize = 8;

/// What a valid block of the `ethereum` spec did.
#[derive(Clone, Debug)]
pub struct ExecutedEthereum<T> {
    /// Sender of each transaction.
    pub senders: Vec<Address>,
    /// Receipts, gas and changes.
    pub outcome: BlockOutcome,
    /// What the caller made of the changes beside their root.
    pub hashed: T,
}

impl From<RunError> for FinishError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Invalid(invalid) => invalid.into(),
            RunError::Fatal(fatal) => fatal.into(),
        }
    }
}

/// Runs a block on the state after its parent and checks every rule.
///
/// `ancestors` are the blocks before it, its parent first, [`OMMER_ANCESTORS`] of them if there are as many. `root` computes the state root that
/// changes lead to, and whatever else the caller wants of it. The seal of proof of work is not checked.
pub fn run_ethereum_block<S: StateReader, T>(
    spec: &ChainSpec,
    state: S,
    ancestors: &[Arc<SealedBlock>],
    block: &SealedBlock,
    root: impl Fn(&StateChanges) -> Result<(B256, T), Fatal>,
) -> Result<ExecutedEthereum<T>, FinishError> {
    let parent = ancestors.first().ok_or_else(|| Fatal::new("a block is to be run without its parent"))?;
    let parent = Head { hash: parent.hash(), header: parent.header.clone() };
    let header = &block.header;
    check_ethereum_header(spec, &parent, header)?;
    check_ethereum_body(spec, block)?;
    check_ethereum_ommers(spec, ancestors, block)?;
    for (index, transaction) in block.body.transactions.iter().enumerate() {
        check_ethereum_transaction(spec, header, index, transaction)?;
    }
    let homestead = spec.is_homestead_active_at_block(header.number);
    let senders = recover_senders(&block.body.transactions, homestead)
        .map_err(|error| InvalidBlock::Transaction { index: error.index, why: error.to_string() })?;
    let (outcome, requests) = execute(spec, state, block, &senders, &root)?;
    let (state_root, hashed) = root(&outcome.changes)?;
    let found = EthereumOutputs {
        state_root,
        gas_used: outcome.gas_used,
        receipts: &outcome.receipts,
        requests_hash: spec.is_prague_active_at_timestamp(header.timestamp).then(|| requests.requests_hash()),
    };
    check_ethereum_outputs(header, &found)?;
    Ok(ExecutedEthereum { senders, outcome, hashed })
}

fn execute<S: StateReader, T>(
    spec: &ChainSpec,
    state: S,
    block: &SealedBlock,
    senders: &[Address],
    root: &impl Fn(&StateChanges) -> Result<(B256, T), Fatal>,
) -> Result<(BlockOutcome, Requests), FinishError> {
    // Before Byzantium a receipt holds the state root after its transaction (EIP-658).
    let with_roots = !spec.is_byzantium_active_at_block(block.header.number);
    let mut roots = Vec::new();
    let mut run = BlockRun::begin(spec, state, &block.header)?;
    for (index, (transaction, sender)) in block.body.transactions.iter().zip(senders).enumerate() {
        match run.transact(Recovered::new_unchecked(transaction, *sender)) {
            Ok(_) => {}
            Err(TransactError::Fatal(fatal)) => return Err(fatal.into()),
            Err(refused) => return Err(InvalidBlock::Transaction { index, why: refused.to_string() }.into()),
        }
        if with_roots {
            roots.push(root(&run.changes()?)?.0);
        }
    }
    let withdrawals = block.body.withdrawals.as_ref().map(|list| list.as_slice());
    let ended = run.finish_ethereum(EthereumEnd { ommers: &block.body.ommers, withdrawals })?;
    let mut outcome = ended.block;
    for (receipt, root) in outcome.receipts.iter_mut().zip(roots) {
        receipt.outcome = Eip658Value::PostState(root);
    }
    Ok((outcome, ended.requests))
}
