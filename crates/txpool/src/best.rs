//! The transactions of the next block, best first.
//!
//! Nothing is copied ahead: senders come from the index of heads a batch at a time, their transactions a few at a time, each time
//! under a short read lock, and a heap merges them. Taking `k` transactions costs `k log n` whatever the size of the pool.

use crate::{PoolTransaction, pool::Shared, transaction::Rank};
use alloy_primitives::{
    Address,
    map::{AddressMap, AddressSet},
};
use std::{
    cmp::{Ordering, Reverse},
    collections::{BinaryHeap, VecDeque},
    sync::Arc,
};

const FIRST_HEADS: usize = 16;
const MOST_HEADS: usize = 256;
const FIRST_RUN: usize = 4;
const MORE_RUN: usize = 32;

/// Iterator over executable transactions: by effective tip, each sender's in the order of nonces, ties by arrival.
///
/// It holds no lock between two calls. A transaction that arrives meanwhile may or may not be seen, but nonces of one sender always
/// follow each other. A block that is committed meanwhile makes it end early: what it stood for is then out of date.
pub struct Best {
    shared: Arc<Shared>,
    base_fee: u64,
    epoch: u64,
    heap: BinaryHeap<Candidate>,
    /// Loaded transactions of each sender after the one in the heap.
    runs: AddressMap<VecDeque<Arc<PoolTransaction>>>,
    skipped: AddressSet,
    /// Every head before it in the order is loaded; none once all are.
    cursor: Option<Rank>,
    batch: usize,
}

struct Candidate {
    rank: Rank,
    tx: Arc<PoolTransaction>,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Candidate {}

impl Best {
    pub(crate) fn new(shared: Arc<Shared>, base_fee: u64) -> Self {
        let mut best = Self {
            shared,
            base_fee,
            epoch: 0,
            heap: BinaryHeap::new(),
            runs: AddressMap::default(),
            skipped: AddressSet::default(),
            cursor: Some((u128::MAX, Reverse(0))),
            batch: FIRST_HEADS,
        };
        best.start();
        best
    }

    /// With the base fee that the pool is ordered by nothing is done ahead; with another one all senders are looked at once.
    fn start(&mut self) {
        let shared = self.shared.clone();
        let inner = shared.inner.read();
        self.epoch = inner.epoch;
        if inner.base_fee == self.base_fee {
            return;
        }
        self.cursor = None;
        let heads = inner.senders.values().filter_map(|sender| sender.run_from(0).next());
        let heads = heads.filter(|tx| tx.fee_cap() >= self.base_fee.into());
        self.heap = heads.map(|tx| Candidate { rank: tx.rank(self.base_fee), tx: tx.clone() }).collect();
    }

    /// Leaves out the rest of a sender.
    pub fn skip_sender(&mut self, address: Address) {
        self.runs.remove(&address);
        self.skipped.insert(address);
    }

    /// Loads heads until none that is not loaded can be better than the best that is.
    fn load_heads(&mut self) {
        while let Some(cursor) = self.cursor
            && self.heap.peek().is_none_or(|best| best.rank < cursor)
        {
            let shared = self.shared.clone();
            let inner = shared.inner.read();
            if inner.epoch != self.epoch {
                self.cursor = None;
                return;
            }
            let mut last = None;
            for (rank, address) in inner.index.heads.after(cursor).take(self.batch) {
                last = Some(rank);
                // A head that was replaced meanwhile may come by twice.
                if self.runs.contains_key(&address) || self.skipped.contains(&address) {
                    continue;
                }
                let Some(sender) = inner.senders.get(&address) else { continue };
                let mut run: VecDeque<_> = sender.run_from(0).take(FIRST_RUN).cloned().collect();
                if let Some(tx) = run.pop_front() {
                    self.heap.push(Candidate { rank, tx });
                }
                self.runs.insert(address, run);
            }
            self.cursor = last;
            self.batch = (self.batch * 2).min(MOST_HEADS);
        }
    }

    /// Puts the transaction after `nonce` of a sender into the heap.
    fn follow(&mut self, address: Address, nonce: u64) {
        let run = self.runs.entry(address).or_default();
        let next = nonce.saturating_add(1);
        if run.is_empty() {
            let inner = self.shared.inner.read();
            if inner.epoch == self.epoch
                && let Some(sender) = inner.senders.get(&address)
            {
                run.extend(sender.run_from(next).take(MORE_RUN).cloned());
            }
        }
        let follows = |tx: &mut Arc<PoolTransaction>| tx.nonce() == next && tx.fee_cap() >= self.base_fee.into();
        if let Some(tx) = run.pop_front_if(follows) {
            self.heap.push(Candidate { rank: tx.rank(self.base_fee), tx });
        }
    }
}

impl Iterator for Best {
    type Item = Arc<PoolTransaction>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.load_heads();
            let Candidate { tx, .. } = self.heap.pop()?;
            if self.skipped.contains(&tx.sender()) {
                continue;
            }
            self.follow(tx.sender(), tx.nonce());
            return Some(tx);
        }
    }
}
