//! Senders of a block's transactions: from the pool where it knows them, recovered on all cores otherwise.

use alloy_primitives::{Address, B256};
use bttc_primitives::{InvalidSender, SealedBlock};
use bttc_txpool::Pool;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

/// Blocks whose senders are kept at the same time.
const FORESEEN: usize = 4;

type Senders = Result<Vec<Address>, InvalidSender>;

/// Senders of blocks that come soon: recovered while the block before them runs.
#[derive(Debug, Default)]
pub(crate) struct Foreseen {
    blocks: Mutex<VecDeque<Arc<Ahead>>>,
}

#[derive(Debug)]
struct Ahead {
    /// Hashes of the transactions: they fix the senders. The block's own hash does not, as nobody has looked at its body yet.
    transactions: Vec<B256>,
    senders: OnceLock<Senders>,
}

impl Foreseen {
    /// Recovers the senders of a block; forgets the oldest where there are too many.
    pub(crate) fn compute(&self, pool: &Pool, block: &SealedBlock) {
        let ahead = Arc::new(Ahead { transactions: hashes(block).collect(), senders: OnceLock::new() });
        let mut blocks = self.blocks.lock();
        if blocks.len() >= FORESEEN {
            blocks.pop_front();
        }
        blocks.push_back(ahead.clone());
        drop(blocks);
        ahead.senders.get_or_init(|| pool.senders_of(&block.body.transactions));
    }

    /// The senders of a block that comes now; waits where they are being recovered.
    pub(crate) fn take(&self, pool: &Pool, block: &SealedBlock) -> Senders {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().position(|ahead| hashes(block).eq(ahead.transactions.iter().copied()));
        let known = at.and_then(|at| blocks.remove(at));
        drop(blocks);
        let recover = || pool.senders_of(&block.body.transactions);
        known.map_or_else(recover, |ahead| ahead.senders.get_or_init(recover).clone())
    }
}

fn hashes(block: &SealedBlock) -> impl Iterator<Item = B256> {
    block.body.transactions.iter().map(|tx| *tx.tx_hash())
}
