//! Blocks of another client's chain, under the `ethereum` spec: judged by Ethereum's rules, kept without a certificate.

use crate::{ledger::Chain, outcomes::Executed};
use bttc_consensus::{FeeSplit, InvalidBlock};
use bttc_execution::{FinishError, OMMER_ANCESTORS, run_ethereum_block};
use bttc_primitives::{Body, Fatal, Head, Height, RecoveredBlock, SealedBlock};
use bttc_storage::{HistoryError, ReadTx};
use bttc_trie::{HashedChanges, state_root};
use std::sync::Arc;

/// What became of a block that was to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is the new head.
    Appended,
    /// It was there before.
    Known,
}

/// Why a block was not imported. The chain is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidBlock),
    /// The chain has another block of this height.
    #[error("the chain has another block of height {height}: hash is {got}, expected {expected}")]
    OtherChain {
        /// Height of both.
        height: Height,
        /// Hash of the block that was to be imported.
        got: alloy_primitives::B256,
        /// Hash of the block that is there.
        expected: alloy_primitives::B256,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<FinishError> for ImportError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Invalid(invalid) => invalid.into(),
            FinishError::Unsigned(error) => Fatal::from(error).into(),
            FinishError::Fatal(fatal) => fatal.into(),
        }
    }
}

impl Chain {
    /// Appends the next block of a chain that another client made, after checking every rule but the seal of proof of work.
    ///
    /// It is durable once this returns, and pool and subscribers know of it. Only under the `ethereum` spec. Blocks until done.
    pub fn import_block(&self, block: SealedBlock) -> Result<Imported, ImportError> {
        if !self.spec().is_ethereum() {
            return Err(
                Fatal::new("a block without a certificate can only be imported under the `ethereum` spec").into()
            );
        }
        let store = self.read()?;
        let head = self.head();
        if block.height() <= head.height() {
            let (got, expected) = (block.hash(), store.block_hash(block.height())?.unwrap_or_default());
            let height = block.height();
            return if got == expected {
                Ok(Imported::Known)
            } else {
                Err(ImportError::OtherChain { height, got, expected })
            };
        }
        let executed = Arc::new(self.run_imported(&store, &head, block)?);
        drop(store);
        self.append(&executed, None)?;
        self.publish(&executed);
        Ok(Imported::Appended)
    }

    fn run_imported(&self, store: &ReadTx, head: &Head, block: SealedBlock) -> Result<Executed, FinishError> {
        let ancestors = ancestors(store, head, &block)?;
        let executed = run_ethereum_block(self.spec(), store.state()?, &ancestors, &block, |changes| {
            let changes = HashedChanges::new(changes);
            let trie = state_root(store, &changes)?;
            Ok((trie.root, (changes, trie)))
        })?;
        let (changes, trie) = executed.hashed;
        Ok(Executed {
            block: RecoveredBlock { block, senders: executed.senders },
            receipts: executed.outcome.receipts,
            fees: FeeSplit::default(),
            code: executed.outcome.changes.code,
            changes,
            trie,
            next_epoch: None,
        })
    }
}

/// The head and, where the block has uncles, the blocks before it; newest first.
fn ancestors(store: &ReadTx, head: &Head, block: &SealedBlock) -> Result<Vec<Arc<SealedBlock>>, Fatal> {
    if block.body.ommers.is_empty() {
        // Nobody looks into its body.
        let parent = SealedBlock::with_known_hash(head.hash, head.header.clone(), Body::default());
        return Ok(vec![Arc::new(parent)]);
    }
    let heights = (0..=head.height()).rev().take(OMMER_ANCESTORS);
    let blocks = heights.map(|height| {
        let block = store.block(height).map_err(HistoryError::into_fatal)?;
        block.map(Arc::new).ok_or_else(|| Fatal::new(format!("block {height} is missing below the head")))
    });
    blocks.collect()
}
